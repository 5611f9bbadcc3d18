from __future__ import annotations

import os
import sqlite3

import pytest
import sqlalchemy as sa

from study.tracking import MlflowTracker, TrackingUnavailable
from study.tracking.database.sqlite import SqliteFile
from study.tracking.errors import tracking_errors
from tests.study.tracking.sample_tables import sample_tables

NORMAL, FULL = 1, 2


def synchronous(path) -> int:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text("PRAGMA synchronous")).scalar_one()


def test_only_its_own_connections_are_not_synced_each_time(tmp_path):
    file = SqliteFile.of(f"sqlite:///{tmp_path}/home%20folder/mlflow.db")
    mine, other = tmp_path / "home folder" / "mlflow.db", tmp_path / "optuna.db"
    assert (synchronous(mine), synchronous(other)) == (NORMAL, FULL)
    file.close()
    assert synchronous(mine) == FULL


def test_a_server_has_no_file():
    assert SqliteFile.of("http://127.0.0.1:5000") is None
    assert SqliteFile.of("postgresql://ann@db/mlflow") is None


def test_a_cohorts_runs_are_synced_once_when_all_are_there(tmp_path, monkeypatch):
    # Without it a power cut could lose runs that the tables say are in MLflow.
    path = tmp_path / "mlflow.db"
    tracker = MlflowTracker.open(tracking_uri=f"sqlite:///{path}", study="s", study_file="")
    synced = []
    whole = os.fsync

    def note(descriptor):
        if os.readlink(f"/proc/self/fd/{descriptor}") == f"{path}-wal":
            with sa.create_engine(f"sqlite:///{path}").connect() as connection:
                finished = sa.text("SELECT count(*) FROM runs WHERE status = 'FINISHED'")
                synced.append(connection.execute(finished).scalar_one())
        whole(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    tables = sample_tables([0, 1, 2])
    tracker.log_trials(tables)
    assert synced == [3]
    tracker.close("FINISHED")
    assert synced == [3, 4]


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.OperationalError(
            "INSERT", {}, sqlite3.OperationalError("database or disk is full")
        ),
        OSError(28, "No space left on device"),
    ],
)
def test_a_full_disk_is_told_with_its_cure(error: Exception) -> None:
    # Once "does not answer: database or disk is full; ... the same command delivers them", which
    # it does not as long as the disk is full.
    with pytest.raises(TrackingUnavailable) as told, tracking_errors("sqlite:////home/mlflow.db"):
        raise error
    assert str(told.value) == (
        "MLflow's data base /home/mlflow.db takes nothing: no space left on device; free space"
    )
