"""What a trial costs the ledger does not depend on how many there are: operations are counted."""

from __future__ import annotations

import json

import optuna
import pytest
import sqlalchemy as sa
from optuna.storages import JournalStorage

from study.ledger import TrialLedger, TrialResult, trial_states
from tests.support.ledgers import open_ledger

RUN = "0123456789abcdef" * 2


class Space:
    """A second axis appears with trial 30, as with a later space version."""

    def suggest(self, trial):
        values = {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 10.0, log=True)}
        if trial.number >= 30:
            values["depth"] = trial.suggest_categorical("depth", [2, 4, 8])
        return values


def ledger_at(storage) -> TrialLedger:
    return open_ledger(
        name="many",
        storage=storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
        space=Space(),
        seed_of=lambda number: number,
        description={"space": "v1"},
    )


def tell(ledger, trials) -> None:
    ledger.tell_many(
        TrialResult(
            number=one.number,
            value=1.0,
            attributes={
                "verdict": "stable",
                "outcome": "trained",
                "configuration": one.configuration,
                "seed": one.seed,
                "mlflow_run_id": RUN,
            },
        )
        for one in trials
    )


def test_a_trial_takes_one_operation_to_ask_and_four_to_tell(tmp_path):
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    lines = [len(journal.read_text().splitlines())]
    for _ in range(2):
        trials = ledger.ask(40)
        lines.append(len(journal.read_text().splitlines()))
        tell(ledger, trials)
        lines.append(len(journal.read_text().splitlines()))
    assert [b - a for a, b in zip(lines, lines[1:], strict=False)] == [40, 160, 40, 160]


def test_optuna_never_goes_through_earlier_trials_for_a_parameter(tmp_path):
    # Setting a parameter by itself (operation 5) looks for an earlier trial that has it, in this
    # process and again in every one that opens the journal.
    journal = tmp_path / "optuna.journal"
    trials = ledger_at(journal).ask(60)
    assert "depth" in trials[-1].hyperparameters
    assert 5 not in {json.loads(line)["op_code"] for line in journal.read_text().splitlines()}


def test_asking_and_telling_list_no_trials(tmp_path, monkeypatch):
    ledger = ledger_at(tmp_path / "optuna.journal")
    listed = []
    whole = JournalStorage.get_all_trials

    def counting(self, *args, **kwargs):
        listed.append(args)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(JournalStorage, "get_all_trials", counting)
    for _ in range(3):
        tell(ledger, ledger.ask(20))
    assert listed == []


@pytest.mark.slow
def test_a_data_base_gets_as_many_statements_for_late_trials_as_for_early_ones(tmp_path):
    ledger = ledger_at(f"sqlite:///{tmp_path}/optuna.db")
    tell(ledger, ledger.ask(40))
    statements = []

    def note(connection, cursor, statement, *rest):
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        counts = []
        for _ in range(3):
            statements.clear()
            tell(ledger, ledger.ask(20))
            counts.append(len(statements))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] == counts[2] > 0


@pytest.mark.parametrize("portion", [7, 10**6])
def test_a_journal_opened_in_portions_has_all_trials(tmp_path, monkeypatch, portion):
    monkeypatch.setattr("study.ledger.journal.PORTION", portion)
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    asked = ledger.ask(50)
    tell(ledger, asked[:33])

    opened = ledger_at(journal)
    assert opened.unfinished() == asked[33:]
    assert opened.completed() == 33
    assert [one.number for one in opened.ask(2)] == [50, 51]
    assert len(trial_states(name="many", storage=journal)) == 52


def test_states_are_told_without_what_trials_hold(tmp_path, monkeypatch):
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    asked = ledger.ask(40)
    tell(ledger, asked[:20])
    ledger.fail(20, "worker lost")
    # As Optuna itself writes them.
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    own = optuna.load_study(study_name="many", storage=optuna.storages.JournalStorage(backend))
    own.ask().suggest_float("learning_rate", 1e-4, 10.0, log=True)
    expected = {trial.number: trial.state.name for trial in own.trials}
    before = journal.read_bytes()

    parsed = []
    whole = json.loads

    def note(line, **options):
        parsed.append(line)
        return whole(line, **options)

    monkeypatch.setattr("study.ledger.journal.json.loads", note)
    assert trial_states(name="many", storage=journal) == expected
    assert len(expected) == 41 and set(expected.values()) == {"RUNNING", "COMPLETE", "FAIL"}
    # The study, the name of its value, its description, 41 trials begun and 21 ended, and why
    # one failed; neither other attributes nor parameters.
    assert len([line for line in parsed if "op_code" in line]) == 3 + 41 + 21 + 1
    assert trial_states(name="other", storage=journal) == {}
    assert journal.read_bytes() == before


def test_trials_share_what_is_the_same_in_all(tmp_path):
    # 36 MB for 10,000 trials of six parameters, of which sharing leaves 16.
    journal = tmp_path / "optuna.journal"
    first = ledger_at(journal)
    tell(first, first.ask(40))
    ledger = ledger_at(journal)
    ledger.ask(20)
    trials = ledger._study.get_trials(deepcopy=False)
    assert len({id(one.distributions["learning_rate"]) for one in trials}) == 1
    verdicts = {id(one.user_attrs["verdict"]) for one in trials if one.state.is_finished()}
    names = {id(key) for one in trials for key in one.params}
    assert len(verdicts) == 1 and len(names) == 2
