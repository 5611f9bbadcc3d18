"""Workers write their cohorts' runs, and the driver finds them."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from study.tracking import MlflowTracker, StudyKey, artifact_folder, default_tracking_uri
from study.tracking.database import bulk, from_workers
from study.tracking.database.from_workers import RunsFromWorkers
from tests.study.tracking.sample_tables import sample_tables
from tests.study.tracking.test_mlflow_tracker import children


@pytest.fixture
def tracker(tmp_path: Path) -> MlflowTracker:
    return MlflowTracker.open(
        tracking_uri=default_tracking_uri(tmp_path),
        study="digits",
        study_file="",
        artifacts=artifact_folder(tmp_path),
        study_key=StudyKey(own="a"),
    )


def every(trial: int) -> bool:
    return True


def even(trial: int) -> bool:
    return trial % 2 == 0


def worker(
    database: str, monkeypatch: pytest.MonkeyPatch, shows: Callable[[int], bool] = every
) -> RunsFromWorkers:
    """As Ray hands it to a process elsewhere."""
    made = RunsFromWorkers(database, study="digits", key="a", root=None, shows=shows)
    monkeypatch.setattr(from_workers, "_this_process", lambda: ("elsewhere", 1))
    sent: RunsFromWorkers = pickle.loads(pickle.dumps(made))
    return sent


def client(tmp_path: Path):
    import mlflow

    return mlflow.MlflowClient(default_tracking_uri(tmp_path))


def test_the_driver_finds_what_a_worker_wrote_and_writes_the_rest(
    tmp_path: Path, tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker(default_tracking_uri(tmp_path), monkeypatch, even).write(sample_tables(range(4)))
    written = children(client(tmp_path), tracker)
    assert sorted(written) == [0, 2]
    assert written[2].data.tags["verdict"] and written[2].info.status == "FINISHED"
    runs = tracker.log_trials(sample_tables(range(4)))
    shown = children(client(tmp_path), tracker)
    assert runs == {trial: run.info.run_id for trial, run in shown.items()}
    assert sorted(shown) == [0, 1, 2, 3]
    assert all(shown[trial].info.run_id == written[trial].info.run_id for trial in written)
    # As the driver's own: artifacts beside those of the experiment.
    where = {str(run.info.artifact_uri).replace(run.info.run_id, "RUN") for run in shown.values()}
    assert len(where) == 1


def test_a_trial_that_failed_for_good_keeps_no_run_that_its_worker_wrote(
    tmp_path: Path, tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that died between its commit and its answer, and so each time: MLflow went on
    # showing a finished run of a trial that has no rows.
    worker(default_tracking_uri(tmp_path), monkeypatch).write(sample_tables(range(3)))
    assert sorted(children(client(tmp_path), tracker)) == [0, 1, 2]
    tracker.withdraw([1, 40])
    assert sorted(children(client(tmp_path), tracker)) == [0, 2]
    tracker.withdraw([1, 40])  # Once more, as after an outage in between.
    # It comes back where a person has it trained after all.
    runs = tracker.log_trials(sample_tables([1]))
    assert children(client(tmp_path), tracker)[1].info.run_id == runs[1]


def test_an_invocation_that_has_ended_gets_no_runs_from_workers(
    tmp_path: Path, tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.close("KILLED")
    worker(default_tracking_uri(tmp_path), monkeypatch).write(sample_tables([0]))
    assert not children(client(tmp_path), tracker)


def test_in_the_driver_itself_training_does_not_wait_for_runs(
    tmp_path: Path, tracker: MlflowTracker
) -> None:
    uri = default_tracking_uri(tmp_path)
    RunsFromWorkers(uri, study="digits", key="a", root=None, shows=every).write(sample_tables([0]))
    assert not children(client(tmp_path), tracker)


def test_a_data_base_that_is_down_costs_a_worker_one_attempt_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def refuse(uri: str, *, key: str) -> None:
        attempts.append(uri)
        raise sa.exc.OperationalError("SELECT", None, Exception("connection refused"))

    monkeypatch.setattr(bulk.BulkWriter, "of", refuse)
    sent = worker("postgresql://db/mlflow", monkeypatch)
    for _ in range(3):
        sent.write(sample_tables([0]))
    assert len(attempts) == 1
    monkeypatch.setattr(from_workers, "PAUSE_S", 0.0)
    sent._left_to_driver_until = 0.0
    sent.write(sample_tables([0]))
    assert len(attempts) == 2


def test_a_data_base_that_keeps_silent_does_not_hold_training_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(bulk.BulkWriter, "of", lambda uri, *, key: silent.wait(60.0) and None)
    monkeypatch.setattr(from_workers, "PATIENCE_S", 0.2)
    sent = worker("postgresql://db/mlflow", monkeypatch)
    started = time.monotonic()
    for _ in range(3):
        sent.write(sample_tables([0]))
    assert time.monotonic() - started < 30.0
    assert sent._left_to_driver_until > time.monotonic()
    silent.set()
