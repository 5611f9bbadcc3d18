"""What a worker is told of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from study import StudyConfig
from study.preflight.configuration import preflight
from study.run.trainer import study_trainer
from tests.study.commands.conftest import STUDY


def config(extra: str) -> StudyConfig:
    return StudyConfig.from_text(STUDY.replace("steps: 60", "steps: 5") + extra)


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
