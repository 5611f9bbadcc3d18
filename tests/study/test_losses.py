"""The bound on the loss: one number stops training and labels what went past it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import load_steps, load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.losses import DIVERGENCE_FACTOR, last_steps, rise_scale, window
from study.tracking import NullTracker
from study.verdicts import DEFAULT

STEPS = 90


def trained(home: Path, *, trials: int = 1, **keys: object) -> pd.DataFrame:
    """A parabola whose steps are a little too large, so that each loss is 1.2 times the last."""
    config = StudyConfig(
        study="parabola",
        task="quadratic",
        network="linear",
        task_options={"eigenvalues": [1.0]},
        hyperparameters={"learning_rate": [2.1], "batch_size": 1, "weight_decay": 0.0},
        steps=STEPS,
        trials=trials,
        **keys,
    )
    run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    return load_trials("parabola", home=home)


def test_a_lower_factor_of_the_study_file_stops_training(tmp_path: Path) -> None:
    # The engine had a constant of its own: such a trial was labelled diverged from its tenth
    # step on, and trained to its last all the same.
    bounded = trained(tmp_path / "a", thresholds={"divergence_factor": 5.0}).iloc[0]
    assert bounded["outcome"] == "diverged"
    assert 5.0 * bounded["loss_initial"] < bounded["loss_max"] < 7.0 * bounded["loss_initial"]
    assert bounded["steps_run"] < 15
    steps = load_steps("parabola", home=tmp_path / "a")
    assert steps["step"].max() < bounded["steps_run"]


def test_a_higher_factor_lets_it_go_on(tmp_path: Path) -> None:
    usual = trained(tmp_path / "a").iloc[0]
    higher = trained(tmp_path / "b", thresholds={"divergence_factor": 1e12}).iloc[0]
    assert usual["loss_max"] > DIVERGENCE_FACTOR * usual["loss_initial"]
    assert usual["steps_run"] < STEPS and higher["steps_run"] == STEPS
    assert {usual["outcome"], higher["outcome"]} == {"diverged"}


def test_a_first_loss_without_a_relative_rise_is_measured_by_an_ordinary_one() -> None:
    assert rise_scale([2.0, 0.0, -3.0, -1.0], [9.0, 5.0, 2.0, -2.0]).tolist() == [2, 5, 3, 2]
    assert np.isnan(rise_scale(np.nan, np.nan))


def test_few_examples_a_step_are_averaged_over_more_steps_and_a_short_end_over_fewer() -> None:
    assert [last_steps(steps) for steps in (1, 2, 7, 12, 39, 40, 1000)] == [1, 1, 4, 6, 20, 20, 20]
    # 512 examples where a quarter of the steps holds as many.
    assert [window(4000, size) for size in (1, 4, 16, 25, 26, 512)] == [512, 128, 32, 21, 20, 20]
    assert [window(steps, 1) for steps in (1, 12, 60, 200)] == [1, 6, 20, 50]


def test_labels_and_training_have_one_default() -> None:
    assert DEFAULT.divergence_factor == DIVERGENCE_FACTOR == 1e6
