"""The data base that a study names behind its MLflow server is the server's, or is not written."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from study.tracking import (
    MlflowTracker,
    TrackingUnavailable,
    artifact_folder,
    default_tracking_uri,
)
from study.tracking.database.behind_server import behind_server

SERVER = "http://ann:hunter2@mlflow:5000"


def test_another_data_base_is_told_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri = default_tracking_uri(tmp_path)
    made = MlflowTracker.open(
        tracking_uri=uri, study="digits", study_file="", artifacts=artifact_folder(tmp_path)
    )
    assert behind_server(uri, SERVER, made.parent_run_id, "a") is not None
    assert not caplog.messages
    assert behind_server(uri, SERVER, "a run of another server", "a") is None
    assert caplog.messages == [
        f"tracking.database: {uri} is not the one behind the server, so the runs of trials go "
        "through MLflow at http://ann:***@mlflow:5000, which is slower"
    ]
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    sa.create_engine(empty).connect().close()
    assert behind_server(empty, SERVER, made.parent_run_id, "a") is None
    assert "has no tables of this MLflow" in caplog.messages[1]


def test_one_that_does_not_answer_is_an_outage() -> None:
    with pytest.raises(TrackingUnavailable, match="does not answer") as told:
        behind_server("postgresql://ann:hunter2@127.0.0.1:9/mlflow", SERVER, "run", "a")
    assert "hunter2" not in str(told.value)
