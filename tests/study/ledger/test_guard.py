"""Commits to Optuna's storage by a driver that has lost the study while it was in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa

from study.lease import (
    Claim,
    Lease,
    LeaseLost,
    LeaseTable,
    LockFile,
    hold,
    this_process,
)
from study.ledger import LedgerPlan, TrialLedger, TrialResult, open_planned_ledger
from tests.study.ledger.test_trial_ledger import Space

MakeClaim = Callable[[], Claim]


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "journal":
        return str(tmp_path / "optuna.journal")
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/optuna.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def claim(storage: str, tmp_path: Path) -> MakeClaim:
    """A driver's way to the study; who takes it over does not wait for the former one."""

    def make() -> Claim:
        if "://" not in storage:
            return LockFile(tmp_path / "driver.lock", study="s", renew_s=60.0, grace_s=0.0)
        made = LeaseTable(storage, study="s")
        made._grace_s = 0.0
        return made

    return make


@contextmanager
def driver(claim: Claim, storage: str, *, take_over: bool = False) -> Iterator[TrialLedger]:
    me = this_process(Path("home"))
    with hold([claim], me, take_over=take_over) as lease:
        yield ledger_at(storage, lease)


def ledger_at(storage: str, lease: Lease | None = None) -> TrialLedger:
    sampler = optuna.samplers.RandomSampler(seed=0)
    return open_planned_ledger(
        name="s",
        storage=storage,
        seed_of=lambda number: 1000 + number,
        plan=lambda stored, trials: LedgerPlan(sampler=sampler, space=Space(), description={}),
        guard=lease,
    )


def result(number: int) -> TrialResult:
    return TrialResult(number=number, value=0.5, attributes={"mlflow_run_id": f"run-{number}"})


def trials(storage: str) -> list[tuple[str, object]]:
    kept = ledger_at(storage)._study.get_trials()
    return [(trial.state.name, trial.user_attrs.get("mlflow_run_id")) for trial in kept]


def test_who_holds_the_study_tells_as_ever(claim: MakeClaim, storage: str) -> None:
    with driver(claim(), storage) as ledger:
        ledger.ask(3)
        assert ledger.tell_many([result(0), result(1)]) == 2
        ledger.fail(2, "worker lost")
    assert trials(storage) == [("COMPLETE", "run-0"), ("COMPLETE", "run-1"), ("FAIL", None)]


@pytest.mark.parametrize("write", ["tell_many", "fail", "ask"])
def test_taken_over_in_the_middle_of_a_write_it_commits_nothing(
    claim: MakeClaim, storage: str, write: str
) -> None:
    # The lease was asked before the write and not with the commit: a driver that was frozen in
    # between told its trials when it woke up, though another one had the study.
    writes = {
        "tell_many": lambda ledger: ledger.tell_many([result(0), result(1)]),
        "fail": lambda ledger: ledger.fail(0, "worker lost"),
        "ask": lambda ledger: ledger.ask(1),
    }
    with driver(claim(), storage) as former:
        former.ask(2)
        before = trials(storage)
        with driver(claim(), storage, take_over=True) as ledger:
            with pytest.raises(LeaseLost, match="study s was taken over by process"):
                writes[write](former)
            assert trials(storage) == before == [("RUNNING", None)] * 2
            assert ledger.tell_many([result(1)]) == 1
    assert trials(storage) == [("RUNNING", None), ("COMPLETE", "run-1")]


def test_a_taker_waits_for_the_commit_that_was_checked(postgresql_url: str) -> None:
    """Between the check and the commit the row of the lease stays with its holder."""
    former, taker = (LeaseTable(postgresql_url, study="s") for _ in range(2))
    former.take(this_process(Path("home")), take_over=False)
    with taker._engine.connect() as connection, connection.begin():
        former.check_in(connection)
        with former._engine.connect() as other, other.begin():
            other.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                other.execute(sa.text("UPDATE gradscape_leases SET token = 'next'"))
    taker._grace_s = 0.0
    assert "was taken over from" in str(taker.take(this_process(Path("home")), take_over=True))
