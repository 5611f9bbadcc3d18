"""Every preset is a study that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.study_file import list_presets, preset_text
from study.tracking import NullTracker

TRIALS = 10


@pytest.mark.parametrize("preset", list_presets())
def test_preset_runs(preset: str, tmp_path: Path) -> None:
    config = StudyConfig.from_text(preset_text(preset)).with_trials(TRIALS)
    result = run_study(
        config,
        home=tmp_path,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    assert result.complete and result.trained == TRIALS
    trials = load_trials(preset, home=tmp_path)
    assert trials["verdict"].notna().all()
    assert set(config.hyperparameters) <= set(trials.columns)
