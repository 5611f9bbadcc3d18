"""Every preset is a study that runs, and shows what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.engine.built_in import BUILT_IN_NETWORKS
from study.study_file import list_presets, preset_text
from study.tracking import NullTracker

TRIALS, STEPS = 4, 2
"""A glance at each: whole presets take minutes."""


def preset(name: str) -> StudyConfig:
    return StudyConfig.from_text(preset_text(name))


def trials_of(config: StudyConfig, home: Path) -> pd.DataFrame:
    result = run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    assert result.complete and result.trained == config.trials
    return load_trials(config.study, home=home)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_presets())
def test_preset_runs(name: str, tmp_path: Path) -> None:
    config = preset(name).with_trials(TRIALS).with_steps(STEPS)
    trials = trials_of(config, tmp_path)
    assert trials["verdict"].notna().all()
    assert set(config.hyperparameters) <= set(trials.columns)


def test_every_network_has_a_preset() -> None:
    assert {preset(name).network for name in list_presets()} == set(BUILT_IN_NETWORKS)


@pytest.mark.slow
def test_step_sizes_on_a_quadratic_are_stable_up_to_the_limits_of_theory(tmp_path: Path) -> None:
    config = preset("quadratic-linear").with_trials(64)
    trials = trials_of(config, tmp_path)
    sgd = trials[trials["optimizer"] == "sgd"]
    largest = max(config.task_options["eigenvalues"])  # type: ignore[call-overload]
    momentum = sgd["momentum"].astype(float)
    heavy = 2 * (1 + momentum) / largest
    nesterov = heavy / (1 + 2 * momentum)
    limit = np.where(sgd["momentum_kind"] == "heavy_ball", heavy, nesterov)
    below = sgd["learning_rate"] < limit
    assert below.any() and not below.all()
    assert (sgd["verdict"] == np.where(below, "stable", "exploding")).all()
    np.testing.assert_allclose(trials["sharpness_initial"], largest, rtol=1e-4)
