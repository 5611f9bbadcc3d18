"""What is delivered when, in which order; the threads around it are `test_recorder`'s."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest

from study.errors import LeaseUncertain, TrackingUnavailable
from study.lease import Lease, LockFile, hold, this_process
from study.monitoring.timings import Stopwatch
from study.run.delivery.backlog import IN_MEMORY, REDELIVERED_TOGETHER
from study.run.delivery.delivery import Delivery
from study.tables import TableStore
from study.tracking import NullTracker
from tests.study.ledger.test_trial_ledger import Space
from tests.study.tracking.sample_tables import sample_tables
from tests.support.ledgers import open_ledger


class KeepingTracker(NullTracker):
    """Keeps what it was given; unavailable while `open` is not set."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.given: list[tuple[tuple[int, ...], bool]] = []
        self.withdrawn: list[int] = []

    def withdraw(self, trials):
        if not self.open.is_set():
            raise TrackingUnavailable("MLflow does not answer")
        self.withdrawn += sorted(trials)

    def log_trials(self, tables, *, maybe_logged=False):
        if not self.open.is_set():
            raise TrackingUnavailable("MLflow does not answer")
        self.given.append((tables.trial_numbers, maybe_logged))
        return {trial: f"run-{trial}" for trial in tables.trial_numbers}


class ForgetfulLock(LockFile):
    """A lock whose file cannot be read while `unreadable` is set."""

    unreadable = False

    def renew(self) -> None:
        if self.unreadable:
            raise LeaseUncertain("driver.lock cannot be read")
        super().renew()


class World:
    def __init__(self, folder: Path, lease: Lease, **settings) -> None:
        self.store = TableStore(folder / "tables")
        self.tracker = KeepingTracker()
        self.ledger = open_ledger(
            name="digits",
            storage=folder / "optuna.journal",
            sampler=optuna.samplers.RandomSampler(seed=0),
            space=Space(),
            seeds=1,
            seed_of=lambda number: 1000 + number,
            description={},
        )
        self.ledger.ask(80)
        self.changed = threading.Condition()
        self.delivery = Delivery(
            lease=lease,
            store=self.store,
            tracker=self.tracker,
            ledger=self.ledger,
            changed=self.changed,
            shows=lambda trial: True,
            verdicts=lambda: {},
            on_change=lambda: None,
            stopwatch=Stopwatch(),
            **{"logged_elsewhere": (), **settings},
        )

    def record(self, *trials: int) -> None:
        tables = sample_tables(trials)
        self.store.write(tables, f"{trials[0]:03d}")
        with self.changed:
            self.delivery.add(tables, new=len(trials))
            self.changed.notify_all()

    def hurry(self) -> None:
        with self.changed:
            self.delivery.hurry(True)
            self.changed.notify_all()

    def wait(self, true: Callable[[], bool] | None = None) -> None:
        deadline = time.monotonic() + 120
        while not (true() if true else self.idle()):
            assert time.monotonic() < deadline and self.delivery.failure is None
            time.sleep(0.01)

    def idle(self) -> bool:
        with self.changed:
            return self.delivery.idle


@pytest.fixture
def claim(tmp_path: Path) -> ForgetfulLock:
    made = ForgetfulLock(tmp_path / "driver.lock", study="digits")
    made.term_s = 0.0
    return made


@pytest.fixture
def lease(claim: ForgetfulLock, tmp_path: Path) -> Iterator[Lease]:
    with hold([claim], this_process(tmp_path)) as held:
        yield held


@pytest.fixture
def world(tmp_path: Path, lease: Lease) -> Iterator[World]:
    made = World(tmp_path, lease)
    yield made
    made.delivery.close(10)


def test_optuna_is_told_after_mlflow_and_knows_the_runs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gradscape")
    world.tracker.open.clear()
    world.record(0, 1)
    world.wait(lambda: world.delivery.outage is not None)
    assert world.ledger.completed() == 0 and world.store.recorded_runs() == {}
    world.tracker.open.set()
    world.hurry()
    world.wait()
    assert world.ledger.completed() == 2 and world.delivery.delivered == 2
    assert world.store.recorded_runs() == {0: "run-0", 1: "run-1"}
    attributes = [trial.user_attrs for trial in world.ledger._study.get_trials()[:2]]
    assert [each["mlflow_run_id"] for each in attributes] == ["run-0", "run-1"]
    # One line when it became unavailable, one when it was back. The last is written after the
    # backlog is empty: a test that looked at once found it missing on a busy machine.
    world.wait(lambda: len(caplog.messages) >= 2)
    assert len(caplog.messages) == 2


def test_a_trial_that_failed_for_good_is_withdrawn_without_keeping_optuna_waiting(
    world: World,
) -> None:
    # Its worker may have written its run before it was lost: the run stayed FINISHED.
    world.tracker.open.clear()
    with world.changed:
        world.delivery.look_over(delivered=(), failed=[7])  # Of an earlier invocation.
        world.delivery.fail([3], "lost 4 times")
        world.changed.notify_all()
    world.wait(lambda: 3 in world.ledger.failures)
    assert world.tracker.withdrawn == []
    world.tracker.open.set()
    world.hurry()
    world.wait()
    assert sorted(world.tracker.withdrawn) == [3, 7]


def test_a_long_backlog_is_read_back_from_disk(world: World) -> None:
    world.tracker.open.clear()
    for trial in range(IN_MEMORY + 3):
        world.record(trial)
    assert (
        sum(cohort.tables is not None for cohort in world.delivery._backlog.unreported)
        == IN_MEMORY
    )
    world.tracker.open.set()
    world.hurry()
    world.wait()
    assert [trials for trials, _ in world.tracker.given] == [(n,) for n in range(IN_MEMORY + 3)]


def test_trials_of_an_earlier_run_are_delivered_together_and_looked_up_first(
    world: World,
) -> None:
    world.store.write(sample_tables(range(70)), "earlier")
    with world.changed:
        world.delivery.add_earlier(range(70))
        world.changed.notify_all()
    world.wait()
    first, second = world.tracker.given
    assert first == (tuple(range(REDELIVERED_TOGETHER)), True)
    assert second == (tuple(range(REDELIVERED_TOGETHER, 70)), True)
    assert world.ledger.completed() == 70


def test_trials_that_another_home_may_have_logged_are_looked_up_first(
    tmp_path: Path, lease: Lease
) -> None:
    world = World(tmp_path, lease, logged_elsewhere={2})
    world.record(0, 1)
    world.record(2, 3)
    world.wait()
    assert world.tracker.given == [((0, 1), False), ((2, 3), True)]
    world.delivery.close(10)


def test_mlflow_gets_nothing_while_nobody_can_say_who_holds_the_study(
    world: World, claim: ForgetfulLock, caplog: pytest.LogCaptureFixture
) -> None:
    # Another driver may be logging the same trials: MLflow would show them twice.
    claim.unreadable = True
    world.record(0)
    world.wait(lambda: world.delivery.outage is not None)
    assert world.tracker.given == [] and world.ledger.completed() == 0
    assert "another driver may have the study" in caplog.messages[0]
    claim.unreadable = False
    world.hurry()
    world.wait()
    assert world.tracker.given == [((0,), False)] and world.ledger.completed() == 1
