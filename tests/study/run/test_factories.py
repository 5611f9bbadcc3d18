"""What a study file asks for: its trainer, its ledger, and how it goes on with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.paths import StudyPaths
from study.preflight.configuration import preflight
from study.run.factories import check_compatible, continuation, study_trainer
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


def test_a_worker_keeps_the_state_of_long_cohorts_where_it_is_told_to(tmp_path: Path) -> None:
    long = config("resources: {checkpoint_minutes: 2, cpus_per_worker: 3}\n")
    trainer = study_trainer(preflight(long), checkpoints=tmp_path / "checkpoints")
    assert trainer.checkpoints is not None
    assert (trainer.checkpoints.folder, trainer.checkpoints.every_s) == (
        tmp_path / "checkpoints",
        120.0,
    )
    assert (trainer.device, trainer.threads, trainer.share) == ("cpu", 3, 1.0)
    assert study_trainer(preflight(long)).checkpoints is None


@pytest.mark.parametrize(("gpus", "share"), [(1, 1.0), (0.25, 0.25), (2, 1.0)])
def test_a_worker_with_a_gpu_trains_there_on_its_share(gpus: float, share: float) -> None:
    checked = preflight(config(f"resources: {{gpus_per_worker: {gpus}}}\n"))
    trainer = study_trainer(checked)
    assert (trainer.device, trainer.share) == ("cuda", share)


def test_tables_name_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_PASSWORD", "s3cret")
    tracked = config("tracking_uri: http://ann:${MLFLOW_PASSWORD}@mlflow:5000\n")
    metadata = study_trainer(preflight(tracked)).metadata
    assert "mlflow:5000" in str(metadata.tracking_uri)
    assert "s3cret" not in str(metadata)
