from __future__ import annotations

import logging
import threading
import time

import optuna
import pytest

from study.lease import Lease, LockFile, hold, this_process
from study.ledger import StorageUnavailable
from study.run.recorder import INBOX, Recorder
from study.tables import TableStore
from study.tracking import NullTracker, TrackingUnavailable
from study.trial import Cohort, Trial
from tests.study.tracking.sample_tables import sample_tables
from tests.support.ledgers import open_ledger


class Space:
    def suggest(self, trial):
        return {"learning_rate": trial.suggest_float("learning_rate", 0.0, 1.0)}


class FlakyTracker(NullTracker):
    """Keeps what it logged; away while `away` is set; may die after logging."""

    def __init__(self) -> None:
        self.away = threading.Event()
        self.logged: list[int] = []
        self.asked_twice: list[bool] = []
        self.fails_after_logging = 0

    def log_trials(self, tables, *, maybe_logged=False):
        self.asked_twice.append(maybe_logged)
        if self.away.is_set():
            raise TrackingUnavailable("MLflow does not answer")
        new = [n for n in tables.trial_numbers if not (maybe_logged and n in self.logged)]
        self.logged.extend(new)
        if self.fails_after_logging:
            self.fails_after_logging -= 1
            raise TrackingUnavailable("the answer was lost")
        return {n: f"run-{n}" for n in tables.trial_numbers}


def wait_until(true, timeout_s=120.0):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class World:
    def __init__(self, folder, lease: Lease, trials: int) -> None:
        self.lease = lease
        self.journal = folder / "optuna.journal"
        self.store = TableStore(folder / "tables")
        self.tracker = FlakyTracker()
        self.open_ledger()
        self.ledger.ask(trials)
        self.seen = []
        self.start()

    def open_ledger(self) -> None:
        self.ledger = open_ledger(
            name="digits",
            storage=self.journal,
            sampler=optuna.samplers.RandomSampler(seed=0),
            space=Space(),
            seeds=2,
            seed_of=lambda number: 1000 + number,
            description={},
        )

    def start(self, **settings) -> None:
        self.recorder = Recorder(
            lease=self.lease,
            store=self.store,
            tracker=self.tracker,
            ledger=self.ledger,
            on_progress=self.progressed,
            **settings,
        )

    def progressed(self, progress) -> None:
        self.seen.append(progress)

    def submit(self, *numbers: int) -> None:
        trials = tuple(
            Trial(number=n, configuration=n // 2, seed=1000 + n, hyperparameters={})
            for n in numbers
        )
        payload = sample_tables(numbers).to_bytes()
        self.recorder.submit(Cohort(number=numbers[0], trials=trials), payload)

    def optuna_trials(self):
        self.open_ledger()
        return self.ledger._study.get_trials()


@pytest.fixture
def world(tmp_path):
    claims = [LockFile(tmp_path / "driver.lock", study="digits")]
    with hold(claims, this_process(tmp_path)) as lease:
        made = World(tmp_path, lease, trials=12)
        yield made
        made.recorder.close()


def test_a_cohort_reaches_tables_tracking_and_optuna_once(world):
    world.submit(0, 1, 2)
    world.submit(4, 5)
    assert world.recorder.flush(120) == []
    assert world.store.recorded_trials() == {0, 1, 2, 4, 5}
    assert world.store.recorded_runs() == {n: f"run-{n}" for n in (0, 1, 2, 4, 5)}
    assert sorted(world.tracker.logged) == [0, 1, 2, 4, 5]
    trials = world.optuna_trials()
    assert {t.number for t in trials if t.state.name == "COMPLETE"} == {0, 1, 2, 4, 5}
    assert trials[4].user_attrs == {
        "verdict": "exploding",
        "outcome": "diverged",
        "configuration": 2,
        "seed": 1004,
        "mlflow_run_id": "run-4",
    }
    # The final loss of trial 1 was NaN: it counts as its initial loss.
    assert trials[0].value == 0.1
    assert trials[1].value == 2.3


def test_progress_counts_verdicts(world):
    world.submit(0, 1, 2, 3)
    world.recorder.flush(120)
    world.recorder.close()
    last = world.seen[-1]
    assert (last.recorded, last.delivered) == (4, 4)
    assert last.verdicts == {"stable": 2, "exploding": 1, "vanishing": 1}


def test_tables_go_on_while_tracking_is_away_and_are_delivered_once_when_it_is_back(world):
    world.tracker.away.set()
    for n in range(10):
        world.submit(n)
    assert world.recorder.flush(0.3) == list(range(10))
    assert world.store.recorded_trials() == set(range(10))
    assert "does not answer" in world.recorder.progress.outage
    assert world.ledger.completed() == 0

    world.tracker.away.clear()
    assert world.recorder.flush(120) == []
    assert world.tracker.logged == list(range(10))
    assert world.ledger.completed() == 10
    assert world.recorder.progress.outage is None


def test_a_silent_mlflow_keeps_no_tables_waiting(world, monkeypatch):
    # While MLflow kept the thread waiting, tables were not written; trials in the inbox were
    # counted nowhere, and a person was told of fewer undelivered trials than there were.
    entered, answer = threading.Event(), threading.Event()

    def keep_waiting(tables, *, maybe_logged=False):
        entered.set()
        answer.wait(120)
        raise TrackingUnavailable("timed out")

    monkeypatch.setattr(world.tracker, "log_trials", keep_waiting)
    world.submit(0)
    assert entered.wait(120)
    for n in range(1, INBOX + 3):
        world.submit(n)
    wait_until(lambda: world.recorder.progress.recorded == INBOX + 3)
    answer.set()
    everything = list(range(INBOX + 3))
    assert world.recorder.flush(0.0) == everything
    world.recorder.close()
    assert world.recorder.undelivered == everything
    assert world.store.recorded_trials() == set(everything)


def test_delivering_takes_as_long_as_it_takes_while_tracking_answers(world, monkeypatch):
    # A limit on the whole delivery failed large studies whose MLflow was well but slow.
    log_trials = world.tracker.log_trials

    def slow(tables, *, maybe_logged=False):
        time.sleep(0.2)
        return log_trials(tables, maybe_logged=maybe_logged)

    monkeypatch.setattr(world.tracker, "log_trials", slow)
    for n in range(5):
        world.submit(n)
    assert world.recorder.flush(0.1) == []


def test_an_answer_that_was_lost_does_not_double_a_run(world):
    world.tracker.fails_after_logging = 1
    world.submit(0, 1)
    assert world.recorder.flush(120) == []
    assert world.tracker.logged == [0, 1]
    assert world.tracker.asked_twice == [False, True]


def test_rows_of_a_killed_invocation_are_delivered_and_not_trained_again(world):
    # Killed after the tables were written, before anything else knew.
    world.store.write(sample_tables([0, 1]), "00000000-earlier")
    world.store.write_runs({0: "run-of-then"})
    world.recorder.redeliver([1, 0])
    assert world.recorder.flush(120) == []
    assert world.tracker.logged == [1]
    trials = world.optuna_trials()
    assert trials[0].user_attrs["mlflow_run_id"] == "run-of-then"
    assert trials[1].user_attrs["mlflow_run_id"] == "run-1"
    # Once "logging to MLflow 2/0": of this invocation's trials there are none.
    assert {progress.to_deliver for progress in world.seen} == {2}
    assert world.seen[-1].delivered == 2


def test_a_cohort_submitted_twice_counts_once(world):
    world.submit(0, 1)
    world.submit(0, 1)
    assert world.recorder.flush(120) == []
    assert world.tracker.logged == [0, 1]
    assert (world.recorder.progress.recorded, world.recorder.progress.delivered) == (2, 2)
    assert world.ledger.completed() == 2
    assert sum(world.recorder.progress.verdicts.values()) == 2


def test_a_fault_in_the_thread_reaches_the_caller(world, monkeypatch):
    def refuse(bundle, name):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.store, "write", refuse)
    world.submit(0)
    with pytest.raises(OSError, match="No space left"):
        world.recorder.flush(120)
    with pytest.raises(OSError, match="No space left"):
        world.submit(1)


def test_closing_without_a_flush_still_writes_what_was_submitted(world):
    world.tracker.away.set()
    for n in range(6):
        world.submit(n)
    world.recorder.close()
    assert world.store.recorded_trials() == set(range(6))


def test_submit_waits_when_many_payloads_wait(world, monkeypatch):
    gate = threading.Event()
    write = world.store.write

    def slow(bundle, name):
        gate.wait(120)
        return write(bundle, name)

    monkeypatch.setattr(world.store, "write", slow)
    done = threading.Event()

    def fill():
        for _ in range(INBOX + 3):
            world.submit(0)
        done.set()

    thread = threading.Thread(target=fill)
    thread.start()
    time.sleep(0.5)
    assert not done.is_set()
    gate.set()
    assert done.wait(120)
    thread.join()
    world.recorder.flush(120)


class AwayLedger:
    """A ledger whose storage goes away and comes back."""

    def __init__(self, ledger) -> None:
        self.ledger = ledger
        self.away = threading.Event()

    def tell_many(self, results):
        self.check()
        return self.ledger.tell_many(results)

    def fail(self, number, reason):
        self.check()
        self.ledger.fail(number, reason)

    def check(self):
        if self.away.is_set():
            raise StorageUnavailable("storage postgresql://db does not answer")


def test_optuna_away_costs_nothing_and_is_logged_once(world, caplog):
    # It ended the run.
    caplog.set_level(logging.INFO, "gradscape")
    world.recorder.close()
    world.ledger = AwayLedger(world.ledger)
    world.start()
    world.ledger.away.set()
    for n in range(10):
        world.submit(n)
    world.recorder.fail([10], "worker lost")
    assert world.recorder.flush(1.5) == list(range(10))
    assert world.store.recorded_trials() == set(range(10))
    assert "postgresql://db does not answer" in world.recorder.progress.outage
    world.ledger.away.clear()
    assert world.recorder.flush(120) == []
    assert world.tracker.logged == list(range(10))
    states = [trial.state.name for trial in world.optuna_trials()]
    assert states == ["COMPLETE"] * 10 + ["FAIL", "RUNNING"]
    assert world.optuna_trials()[10].user_attrs["failure"] == "worker lost"
    away, back = (record.getMessage() for record in caplog.records)
    assert "does not answer; training goes on" in away and "again" in back


@pytest.mark.slow
def test_a_sampler_that_learns_does_not_wait_for_mlflow(world):
    world.recorder.close()
    world.start(tell_after_s=0.0)
    world.tracker.away.set()
    world.submit(0, 1)
    world.submit(2)
    world.recorder.flush(2.5)
    assert world.ledger.completed() == 3
    assert world.recorder.undelivered == [0, 1, 2]
    # A later run finds out that their runs are still to be made.
    world.recorder.close()
    world.open_ledger()
    assert world.ledger.run_to_come == {0, 1, 2}
    world.tracker.away.clear()
    world.start()
    world.recorder.redeliver(world.ledger.run_to_come)
    assert world.recorder.flush(120) == []
    assert sorted(world.tracker.logged) == [0, 1, 2]
    assert world.store.recorded_runs() == {n: f"run-{n}" for n in range(3)}
    assert world.recorder.progress.delivered == 3
