"""What a study file asks for: its ledger, and how it goes on with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.paths import StudyPaths
from study.run.factories import check_compatible, continuation
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY


def config(extra: str = "", **changes: str) -> StudyConfig:
    text = STUDY.replace("steps: 60", "steps: 5")
    for before, after in changes.items():
        text = text.replace(f"{before}: ", f"{before}: {after} #")
    return StudyConfig.from_text(text + extra)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the study with its twelve trials."""
    folder = tmp_path_factory.mktemp("home")
    run_study(
        config(),
        home=folder,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    return folder


def test_a_new_study_goes_on_with_nothing(tmp_path: Path) -> None:
    paths = StudyPaths(home=tmp_path, study="small")
    assert continuation(config(), paths) is None
    check_compatible(config(), paths)
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_would_add_is_said(home: Path) -> None:
    paths = StudyPaths(home=home, study="small")
    assert continuation(config(), paths) == "study small has 12 trials; a run would add 0"
    more = config().with_trials(20)
    assert continuation(more, paths) == "study small has 12 trials; a run would add 8"
    wider = continuation(StudyConfig.from_text(wide(trials=20)), paths)
    assert wider is not None and "a run would add 8; " in wider and "learning_rate" in wider


def wide(trials: int) -> str:
    text = STUDY.replace("steps: 60", "steps: 5").replace("high: 10.0", "high: 20.0")
    return text.replace("trials: 12", f"trials: {trials}")


def test_a_file_of_another_study_is_refused_with_each_difference(home: Path) -> None:
    paths = StudyPaths(home=home, study="small")
    other = config(steps="7", activation="[relu, tanh]")
    for ask in (check_compatible, continuation):
        with pytest.raises(InputError) as refused:
            ask(other, paths)
        said = str(refused.value)
        assert "exists with other settings" in said and "steps: was 5, now 7" in said
