"""The end of a run: what a person and MLflow are left with, however it ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from study.errors import LeaseLost, TrackingUnavailable
from study.lease import Lease, LockFile, hold, this_process
from study.paths import StudyPaths
from study.run import finish as ending
from study.run.finish import deliver_rest, finish, rescue
from study.run.recorder import Recorder
from study.tables import TableStore
from study.tracking import NullTracker, RunStatus
from study.trial import Cohort
from tests.study.ledger.test_trial_ledger import Space
from tests.study.tracking.sample_tables import sample_tables
from tests.support.ledgers import open_ledger


class KeepingTracker(NullTracker):
    """Keeps what it was given; refuses so many reports before."""

    def __init__(self, *, away: float = 0, away_for_trials: bool = False) -> None:
        self.away = away
        self.away_for_trials = away_for_trials
        self.calls: list[str] = []
        self.ended: list[RunStatus] = []

    def log_trials(self, tables, *, maybe_logged=False):
        if self.away_for_trials:
            raise TrackingUnavailable("MLflow does not answer")
        return super().log_trials(tables, maybe_logged=maybe_logged)

    def log_report(self, folder: Path) -> None:
        if self.away > 0:
            self.away -= 1
            raise TrackingUnavailable("MLflow does not answer")
        self.calls.append("report")

    def log_tables(self, folder: Path) -> None:
        self.calls.append("tables")

    def close(self, status: RunStatus) -> None:
        self.ended.append(status)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAIT_S", "SHORT_WAIT_S", "HURRY_S"):
        monkeypatch.setattr(ending, name, 0.5)
    monkeypatch.setattr(ending, "RETRY_S", 0.05)


@pytest.fixture
def paths(tmp_path: Path) -> StudyPaths:
    return StudyPaths(home=tmp_path, study="digits")


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Lease]:
    claims = [LockFile(tmp_path / "driver.lock", study="digits")]
    with hold(claims, this_process(tmp_path)) as held:
        yield held


def recorder(folder: Path, lease: Lease, tracker: KeepingTracker) -> Recorder:
    ledger = open_ledger(
        name="digits",
        storage=folder / "optuna.journal",
        sampler=optuna.samplers.RandomSampler(seed=0),
        space=Space(),
        seeds=1,
        seed_of=lambda number: 1000 + number,
        description={},
    )
    ledger.ask(4)
    store = TableStore(folder / "tables")
    made = Recorder(lease=lease, store=store, tracker=tracker, ledger=ledger)
    made.submit(Cohort(number=0, trials=()), sample_tables([0, 1]).to_bytes())
    return made


def test_report_and_tables_are_there_before_the_run_is_finished(
    lease: Lease, paths: StudyPaths
) -> None:
    tracker = KeepingTracker(away=2)
    said = finish(lease, tracker, paths, paths.report, {}, stopped=False, early=False)
    assert said is None
    assert tracker.calls == ["report", "tables"] and tracker.ended == ["FINISHED"]


def test_a_run_that_was_stopped_early_is_shown_as_killed(lease: Lease, paths: StudyPaths) -> None:
    tracker = KeepingTracker()
    assert finish(lease, tracker, paths, None, {}, stopped=True, early=True) is None
    assert tracker.calls == ["tables"] and tracker.ended == ["KILLED"]


def test_an_mlflow_that_stays_away_is_named_and_not_waited_for_any_longer(
    lease: Lease, paths: StudyPaths
) -> None:
    tracker = KeepingTracker(away=float("inf"))
    said = finish(lease, tracker, paths, paths.report, {}, stopped=False, early=False)
    assert said is not None
    assert said.startswith("MLflow does not answer; ") and "not this report" in said
    assert tracker.ended == []


def test_a_study_that_was_taken_over_gets_no_report(lease: Lease, paths: StudyPaths) -> None:
    # Its tables would be those of the next driver too, with half of its trials.
    taker = LockFile(paths.home / "driver.lock", study="digits", grace_s=0.0)
    taker.take(this_process(paths.home), take_over=True)
    tracker = KeepingTracker()
    with pytest.raises(LeaseLost, match="taken over by process"):
        finish(lease, tracker, paths, paths.report, {}, stopped=False, early=False)
    assert tracker.calls == [] and tracker.ended == []
    taker.release()


@pytest.mark.parametrize(
    ("error", "status", "delivered"),
    [
        (RuntimeError("my layer is broken"), "FAILED", 2),
        (KeyboardInterrupt(), "KILLED", None),
        (LeaseLost("study digits was taken over by another process"), "KILLED", None),
    ],
)
def test_what_arrived_is_delivered_when_a_run_fails_and_mlflow_says_how_it_ended(
    tmp_path: Path, lease: Lease, error: BaseException, status: str, delivered: int | None
) -> None:
    tracker = KeepingTracker()
    made = recorder(tmp_path, lease, tracker)
    if delivered is None:
        made.flush(5.0)  # An interrupted run delivers nothing more; this was before.
    rescue(made, tracker, error)
    assert tracker.ended == [status]
    assert made.progress.delivered == 2


def test_a_second_failure_does_not_hide_the_first(tmp_path: Path, lease: Lease) -> None:
    class Broken(KeepingTracker):
        def close(self, status: RunStatus) -> None:
            raise ValueError("no such run")

    tracker = Broken()
    error = RuntimeError("my layer is broken")
    rescue(recorder(tmp_path, lease, tracker), tracker, error)
    assert error.__notes__ == ["while ending the run in MLflow: no such run"]


def test_what_mlflow_does_not_take_at_the_end_is_left_for_the_next_run(
    tmp_path: Path, lease: Lease
) -> None:
    made = recorder(tmp_path, lease, KeepingTracker(away_for_trials=True))
    deliver_rest(made, stopped=False)
    made.close()
    assert made.undelivered == [0, 1]
    assert made.progress.recorded == 2 and made.progress.delivered == 0
