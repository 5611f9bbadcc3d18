"""Diagnoses by real training; what they claim is trained again, by the engine alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from search_spaces.errors import InputError
from search_spaces.seeds import trial_seed
from study import Diagnosis, diagnose
from study.diagnosis import Moment
from study.diagnosis.training import train
from study.engine import NETWORKS, TASKS, train_cohort
from study.preflight.configuration import preflight
from study.study_file import StudyConfig
from study.trial import Trial
from tests.study.diagnosis.conftest import DIGITS

SEEDS = 2


@cache
def deep_sigmoid() -> Diagnosis:
    return diagnose(
        StudyConfig(**DIGITS),
        {"depth": 6, "activation": "sigmoid", "learning_rate": 0.1},
        seeds=SEEDS,
        remedies=2,
    )


def plain_metric(hyperparameters: object, seed: int) -> float:
    """Accuracy over the last 20 steps of one trial that is trained by itself."""
    trial = Trial(number=0, configuration=0, seed=seed, hyperparameters=hyperparameters)  # type: ignore[arg-type]
    record = train_cohort([trial], task=TASKS["digits"](), network=NETWORKS["mlp"], steps=80)
    return float(record.metric[0, -20:].mean())


@pytest.mark.slow
def test_a_deep_sigmoid_network_vanishes() -> None:
    found = deep_sigmoid()
    assert found.verdicts == {"vanishing": SEEDS}
    assert [one.seeds for one in found.explanations] == [SEEDS]
    assert len(found.trials) == SEEDS and set(found.layers["layer"]) == set(range(1, 8))
    deltas = [one.initial for one in found.gradients]
    assert deltas == sorted(deltas) and deltas[0] < 1e-3 * deltas[5]


def test_each_remedy_holds_when_it_is_trained_independently() -> None:
    found = deep_sigmoid()
    assert len(found.remedies) == 2
    for one in found.remedies:
        differing = {
            name
            for name, value in found.hyperparameters.items()
            if one.trained.hyperparameters.get(name) != value
        }
        assert differing == {one.change.hyperparameter}
        assert one.trained.stable == one.trained.seeds == SEEDS
        for number in range(SEEDS):
            metric = plain_metric(one.trained.hyperparameters, trial_seed(0, number))
            assert metric >= found.trials["metric_target"].iloc[0]
            # In a cohort or alone: the same trial up to rounding, which 80 steps amplify.
            assert metric == pytest.approx(
                one.trained.trials["metric_final"].iloc[number], abs=0.02
            )
    before = plain_metric(found.hyperparameters, trial_seed(0, 0))
    assert before < 0.3


def test_no_smaller_change_that_was_tried_works() -> None:
    found = deep_sigmoid()
    assert found.search is not None
    ways = [one.change.way for one in found.remedies]
    assert len(set(ways)) == len(ways)
    largest = found.remedies[-1].change.size
    for one in found.search.attempts:
        if one.change.way not in ways and one.change.size < largest:
            assert one.stable < SEEDS


def test_a_stable_configuration_needs_no_change() -> None:
    seen: list[Moment] = []
    found = diagnose(
        StudyConfig(**DIGITS), {"depth": 2, "learning_rate": 0.1}, seeds=2, watch=seen.append
    )
    assert found.verdicts == {"stable": 2}
    assert found.search is None and found.remedies == ()
    assert [one.changes for one in seen] == [()]


def test_sharpness_is_measured_where_it_is_cheap(digits: StudyConfig) -> None:
    found = diagnose(digits, {"depth": 1, "learning_rate": 0.1}, seeds=1, steps=5, remedies=0)
    limit = found.expectation.max_learning_rate
    sharpness = found.expectation.sharpness
    assert limit is not None and sharpness is not None
    # Heavy ball: 2 (1 + momentum) / sharpness (Cohen et al. 2021, appendix B).
    assert limit.median == pytest.approx(2 * 1.9 / sharpness.median)


@pytest.mark.slow
def test_configurations_in_one_call_are_trained_as_each_by_itself(digits: StudyConfig) -> None:
    checked = preflight(digits)
    settings = [{"learning_rate": 0.1}, {"depth": 1}, {"learning_rate": 0.01, "clip_norm": 1}]
    configurations = [digits.space.complete(one) for one in settings]
    together = train(checked, configurations, seeds=[5, 6], statistics="standard")
    for values, one in zip(configurations, together, strict=True):
        (alone,) = train(checked, [values], seeds=[5, 6], statistics="standard")
        assert one.hyperparameters == values
        assert one.trials["trial"].tolist() == [0, 1]
        assert one.trials["seed"].tolist() == [5, 6]
        assert one.trials["learning_rate"].tolist() == [values["learning_rate"]] * 2
        for frame in ("steps", "layers"):
            mine, its = getattr(one, frame), getattr(alone, frame)
            assert mine["trial"].tolist() == its["trial"].tolist()
        np.testing.assert_allclose(one.steps["loss"], alone.steps["loss"], rtol=1e-3)


@pytest.mark.parametrize(
    ("settings", "options", "words"),
    [
        ({"depht": 3}, {}, "did you mean 'depth'"),
        ({"depth": 0}, {}, "an integer >= 1"),
        ({"beta1": 0.9}, {}, "applies only when optimizer is adam"),
        ({}, {"seeds": 0}, "seeds >= 1"),
        ({}, {"steps": 0}, "steps"),
    ],
)
def test_bad_input_is_refused_before_training(
    digits: StudyConfig, settings: dict[str, object], options: dict[str, int], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        diagnose(digits, settings, **options)
