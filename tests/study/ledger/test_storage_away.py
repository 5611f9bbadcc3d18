"""A data base that is restarted or away while trials are asked and told."""

from __future__ import annotations

import time

import optuna
import pytest
import sqlalchemy as sa

from study.ledger import StorageUnavailable, TrialLedger, TrialResult
from study.ledger.storage import open_storage
from tests.study.ledger.test_trial_ledger import Space
from tests.support.ledgers import open_ledger
from tests.support.postgresql import PostgresServer


def ledger_at(url: str) -> TrialLedger:
    return open_ledger(
        name="away",
        storage=url,
        sampler=optuna.samplers.RandomSampler(seed=0),
        space=Space(),
        seed_of=lambda number: 1000 + number,
        description={},
    )


def results(*numbers: int) -> list[TrialResult]:
    told = {"verdict": "stable"}
    return [TrialResult(number=number, value=0.5, attributes=told) for number in numbers]


def states(url: str) -> list[str]:
    trials = optuna.load_study(study_name="away", storage=url).trials
    assert [trial.number for trial in trials] == list(range(len(trials)))
    return [trial.state.name for trial in trials]


@pytest.mark.slow
def test_a_restart_between_two_calls_is_not_noticed(postgresql: PostgresServer) -> None:
    url = postgresql.new_url()
    ledger = ledger_at(url)
    assert [trial.number for trial in ledger.ask(4)] == [0, 1, 2, 3]
    postgresql.stop()
    postgresql.start()
    assert [trial.number for trial in ledger.ask(2)] == [4, 5]
    postgresql.stop("fast")
    postgresql.start()
    assert ledger.tell_many(results(0, 1)) == 2
    assert states(url) == ["COMPLETE", "COMPLETE"] + 4 * ["RUNNING"]


@pytest.mark.slow  # Optuna itself tries five times before it says so.
def test_while_it_is_away_nothing_is_lost_and_no_number_is_left_out(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_url()
    ledger = ledger_at(url)
    first = ledger.ask(2)
    suggest, asked = Space.suggest, []

    def fails_half_way(self, trial):
        # The third of these is made in the storage and has no hyperparameters.
        asked.append(trial.number)
        if len(asked) == 3:
            postgresql.stop()
        return suggest(self, trial)

    with monkeypatch.context() as patch:
        patch.setattr(Space, "suggest", fails_half_way)
        with pytest.raises(StorageUnavailable, match="does not answer: .*"):
            ledger.ask(5)
    for attempt in (lambda: ledger.ask(1), lambda: ledger.tell_many(results(0))):
        with pytest.raises(StorageUnavailable):
            attempt()
    with pytest.raises(StorageUnavailable):
        ledger.check_reachable()
    postgresql.start()
    ledger.check_reachable()
    again = ledger.ask(5)
    assert [trial.number for trial in again] == [2, 3, 4, 5, 6]
    assert [trial.seed for trial in again] == [1002, 1003, 1004, 1005, 1006]
    assert all("learning_rate" in trial.hyperparameters for trial in first + again)
    ledger.fail(6, "worker lost")
    assert ledger.tell_many(results(0, 1, 2, 3, 4, 5)) == 6
    assert states(url) == 6 * ["COMPLETE"] + ["FAIL"]


@pytest.mark.slow
def test_an_answer_that_was_lost_doubles_no_trial(postgresql: PostgresServer) -> None:
    url = postgresql.new_url()
    ledger = ledger_at(url)
    ledger.ask(2)
    # The data base did what it was asked, and died before it said so.
    other = ledger_at(url)
    other.tell_many(results(0))
    other.fail(1, "worker lost")
    ledger.tell_many(results(0))
    ledger.fail(1, "worker lost")
    assert states(url) == ["COMPLETE", "FAIL"]


def test_a_trial_whose_answer_was_lost_is_not_made_twice(postgresql: PostgresServer) -> None:
    # Optuna's own second attempt made the next trial with the hyperparameters of this one.
    url = postgresql.new_url()
    ledger = ledger_at(url)
    ledger.ask(2)
    (made,) = ledger_at(url).ask(1)  # The data base has made it and did not say so.
    with pytest.raises(StorageUnavailable, match="had made trial 2 and lost the answer"):
        ledger.ask(3)
    again = ledger.ask(3)
    assert [trial.number for trial in again] == [2, 3, 4]
    assert [trial.seed for trial in again] == [1002, 1003, 1004]
    assert again[0].hyperparameters == made.hyperparameters
    assert states(url) == 5 * ["RUNNING"]


@pytest.mark.slow
def test_asking_costs_the_same_however_many_are_running(postgresql: PostgresServer) -> None:
    # Optuna looks through all running trials for an enqueued one each time it is asked.
    rows: list[int] = []
    ledger = ledger_at(postgresql.new_url())
    sa.event.listen(
        sa.Engine,
        "after_cursor_execute",
        lambda connection, cursor, *_: rows.append(cursor.rowcount),
    )
    read = []
    for _ in range(3):
        ledger.ask(20)
        read.append(sum(rows))
        rows.clear()
    assert max(read) < 1.1 * min(read)


@pytest.mark.slow
def test_a_machine_lost_in_the_middle_of_a_change_blocks_nobody_for_long(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection stays, and the server kept its rows locked for two hours."""
    monkeypatch.setattr("study.ledger.database_storage.SILENT_MS", 1000)
    url = postgresql.new_url()
    ledger_at(url).ask(1)
    lost = open_storage(url).storage._backend.engine.connect()
    lost.execute(sa.text("SELECT * FROM studies FOR UPDATE"))
    started = time.monotonic()
    assert [trial.number for trial in ledger_at(url).ask(1)] == [1]
    assert 0.3 < time.monotonic() - started < 60
    lost.invalidate()
