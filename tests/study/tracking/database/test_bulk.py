"""Runs written at once are what MLflow's client would have made of them."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest
import sqlalchemy as sa

from study.tracking import MlflowTracker, StudyKey, artifact_folder, default_tracking_uri
from study.tracking.trial_record import TrialRecord
from tests.study.tracking.sample_tables import sample_tables
from tests.support.postgresql import PostgresServer


def open_tracker(uri: str, home: Path, check=lambda: None, key: str | None = None):
    return MlflowTracker.open(
        tracking_uri=uri,
        study="digits",
        study_file="",
        artifacts=artifact_folder(home),
        study_key=None if key is None else StudyKey(own=key),
        check=check,
    )


def seen(client: mlflow.MlflowClient, run_id: str) -> dict[str, object]:
    """All that MLflow says of a run but what no two runs share."""
    run = client.get_run(run_id)
    info = dict(run.info)
    history = {
        key: [(m.step, m.value, m.timestamp - info["start_time"]) for m in found]
        for key in run.data.metrics
        for found in [client.get_metric_history(run_id, key)]
    }
    for name in ("run_id", "artifact_uri", "start_time"):
        info[name] = str(info[name]).replace(run_id, "RUN") if "uri" in name else None
    info["end_time"] = run.info.end_time - run.info.start_time
    return {
        "info": info,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {key: repr(value) for key, value in run.data.metrics.items()},
        "history": repr(history),
    }


def both_ways(uri: str, home: Path, records: list[TrialRecord]) -> None:
    tracker = open_tracker(uri, home)
    client = mlflow.MlflowClient(uri)
    assert tracker._bulk is not None
    trials = [record.trial for record in records]
    at_once = tracker._bulk.write(trials, tracker._place, lambda wanted: records)
    one_by_one = {record.trial: tracker._log_one(record) for record in records}
    assert at_once.keys() == one_by_one.keys() == {each.trial for each in records}
    for trial, run_id in at_once.items():
        assert seen(client, run_id) == seen(client, one_by_one[trial])
    found = client.search_runs(
        [tracker.experiment_id], "tags.verdict = 'exploding' and metrics.loss < 5"
    )
    assert {run.info.run_id for run in found} >= {at_once[7]}


def records() -> list[TrialRecord]:
    from study.tracking.trial_record import trial_records

    odd = TrialRecord(
        trial=7,
        tags={"verdict": "exploding", "mlflow.note.content": "x" * 5999},
        params={"clip_norm": "none"},
        metrics=tuple(
            ("loss", value, step)
            for step, value in enumerate((1.0, math.inf, -math.inf, math.nan, 2.0))
        ),
        train_seconds=0.0,
    )
    return [*trial_records(sample_tables(range(4))), odd]


def test_in_an_sqlite_file(tmp_path: Path) -> None:
    both_ways(default_tracking_uri(tmp_path), tmp_path, records())


@pytest.mark.slow
def test_in_postgresql(tmp_path: Path, postgresql: PostgresServer) -> None:
    both_ways(postgresql.new_url(), tmp_path, records())


def test_a_driver_that_lost_the_study_commits_none_of_a_cohort(tmp_path: Path) -> None:
    uri = default_tracking_uri(tmp_path)
    tracker = open_tracker(uri, tmp_path, check=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tracker.log_trials(sample_tables([0, 1]))
    with sa.create_engine(uri, poolclass=sa.NullPool).connect() as connection:
        for table, expected in (("runs", 1), ("metrics", 0), ("params", 0)):
            assert (
                connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == expected
            )


def visible(uri: str) -> dict[int, str]:
    """Trial by run, of the runs that MLflow's pages show."""
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    found = client.search_runs([experiment.experiment_id], "tags.`gradscape.trial` LIKE '%'")
    assert {run.info.status for run in found} <= {"FINISHED"}
    return {run.info.run_id: int(run.data.tags["gradscape.trial"]) for run in found}


def test_a_trial_that_another_process_delivered_is_found_and_not_doubled(tmp_path: Path) -> None:
    # Neither knows of the other: a worker lost after its commit, a driver that was killed.
    uri = default_tracking_uri(tmp_path)
    first = open_tracker(uri, tmp_path, key="a").log_trials(sample_tables([0, 1]))
    second = open_tracker(uri, tmp_path, key="a").log_trials(sample_tables([0, 1, 2]))
    assert first.items() <= second.items()
    assert visible(uri) == {run: trial for trial, run in second.items()}
    # Another study of the same name has runs of its own.
    other = open_tracker(uri, tmp_path, key="b").log_trials(sample_tables([0]))
    assert other[0] not in second.values() and len(visible(uri)) == 4


def test_a_run_that_was_deleted_comes_back_under_another_id(tmp_path: Path) -> None:
    uri = default_tracking_uri(tmp_path)
    tracker = open_tracker(uri, tmp_path, key="a")
    runs = tracker.log_trials(sample_tables([0, 1]))
    mlflow.MlflowClient(uri).delete_run(runs[0])
    again = tracker.log_trials(sample_tables([0, 1]))
    assert again[1] == runs[1] and again[0] != runs[0]
    assert visible(uri) == {run: trial for trial, run in again.items()}
    assert tracker.log_trials(sample_tables([0, 1])) == again


@pytest.mark.slow
def test_processes_that_deliver_the_same_trials_at_once_leave_each_once(
    tmp_path: Path, postgresql: PostgresServer
) -> None:
    uri = postgresql.new_url()
    trackers = [open_tracker(uri, tmp_path, key="a") for _ in range(4)]
    begin = threading.Barrier(4)

    # Packed in another order: in PostgreSQL each would wait for what the other has inserted.
    cohorts = [sample_tables(order) for order in (range(16), range(15, -1, -1)) * 2]

    def deliver(number: int) -> dict[int, str | None]:
        begin.wait()
        return trackers[number].log_trials(cohorts[number])

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(deliver, range(4)))
    assert told[0] == told[1] == told[2] == told[3]
    assert visible(uri) == {run: trial for trial, run in told[0].items()}
    assert len(told[0]) == 16
