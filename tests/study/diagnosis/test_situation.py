from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from study.diagnosis import Trained
from study.diagnosis.situation import situation_of
from study.diagnosis.training import train
from study.preflight.configuration import Preflight, preflight
from study.study_file import StudyConfig
from tests.study.diagnosis.conftest import DIGITS


@pytest.fixture(scope="module")
def checked() -> Preflight:
    """Of small MLPs on digits."""
    return preflight(StudyConfig(**{**DIGITS, "steps": 3}))


@pytest.fixture(scope="module")
def trained(checked: Preflight) -> Trained:
    """Three steps with three seeds, which are too few."""
    values = checked.config.space.complete({"depth": 1})
    return train(checked, [values], seeds=[1, 2, 3], statistics="full")[0]


def changed(trained: Trained, **columns: object) -> Trained:
    trials: pd.DataFrame = trained.trials.assign(**columns)
    return dataclasses.replace(trained, trials=trials)


def test_the_cause_of_most_seeds_that_failed_counts(checked: Preflight, trained: Trained) -> None:
    causes = ["large_steps", "small_steps", "small_steps"]
    verdicts = ["exploding", "stalled", "stalled"]
    one = situation_of(checked, changed(trained, verdict=verdicts, cause=causes))
    assert (one.verdict, one.cause, one.reach, one.narrowed) == (
        "stalled",
        "small_steps",
        "all",
        "",
    )
    causes, verdicts = ["none", "none", "large_steps"], ["stable", "stable", "exploding"]
    one = situation_of(checked, changed(trained, verdict=verdicts, cause=causes))
    assert (one.verdict, one.cause) == ("exploding", "large_steps")


def test_the_largest_stable_rate_is_the_measured_one(checked: Preflight, trained: Trained) -> None:
    limits = trained.trials["predicted_max_learning_rate"]
    one = situation_of(checked, trained)
    assert one.max_learning_rate == pytest.approx(limits.median())
    lacking = changed(trained, predicted_max_learning_rate=math.nan, edge_ratio=0.02)
    assert situation_of(checked, lacking).max_learning_rate == pytest.approx(0.01 / 0.02)
    lacking = changed(trained, predicted_max_learning_rate=math.nan, edge_ratio=math.nan)
    assert situation_of(checked, lacking).max_learning_rate is None


def test_a_failure_before_any_update_narrows_what_is_tried(
    checked: Preflight, trained: Trained
) -> None:
    failed = {"verdict": "exploding", "cause": "growing_through_depth", "failure_step": 0}
    one = situation_of(checked, changed(trained, **failed, failure_tensor="gradient:0.weight"))
    assert one.reach == "no updates" and "before any update" in one.narrowed
    assert one.grad_norm == math.inf
    one = situation_of(checked, changed(trained, **failed, failure_tensor="parameter:0.weight"))
    assert one.reach == "all", "the first update made it"


def test_a_loss_that_is_to_blame_narrows_it_further(checked: Preflight, trained: Trained) -> None:
    one = situation_of(checked, changed(trained, verdict="exploding", cause="loss_function"))
    assert one.reach == "own" and one.narrowed.startswith("the loss function")


def test_digits_lack_nothing(checked: Preflight, trained: Trained) -> None:
    one = situation_of(checked, trained)
    assert one.standardizable == () and not one.unbalanced
