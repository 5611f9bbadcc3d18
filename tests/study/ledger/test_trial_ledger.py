from __future__ import annotations

import math
import time
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from study.ledger import (
    StorageUnavailable,
    TrialLedger,
    TrialResult,
    stored_study,
    trial_states,
)
from study.ledger.storage import open_storage
from study.secrets import redacted
from tests.support.ledgers import open_ledger


class Space:
    """Depth, learning rate, and a momentum that only sgd has."""

    def suggest(self, trial):
        values = {
            "width": 64,
            "depth": trial.suggest_categorical("depth", [2, 4, 8]),
            "optimizer": trial.suggest_categorical("optimizer", ["sgd", "adam"]),
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 10.0, log=True),
        }
        if values["optimizer"] == "sgd":
            values["momentum"] = trial.suggest_float("momentum", 0.0, 0.99)
        return values


def ledger_at(storage, *, seeds: int = 1, description=None) -> TrialLedger:
    return open_ledger(
        name="digits",
        storage=storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
        space=Space(),
        seeds=seeds,
        seed_of=lambda number: 1000 + number,
        description={"space": "v1"} if description is None else description,
    )


def optuna_view(journal: Path) -> optuna.Study:
    """The study as Optuna's own tools see it."""
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    return optuna.load_study(study_name="digits", storage=optuna.storages.JournalStorage(backend))


@pytest.fixture(params=["journal", "sqlite"])
def storage(request, tmp_path):
    if request.param == "journal":
        return tmp_path / "deep" / "optuna.journal"
    return f"sqlite:///{tmp_path}/optuna.db"


def test_trial_carries_number_configuration_seed_and_all_hyperparameters(storage):
    trials = ledger_at(storage, seeds=2).ask(4)
    assert [t.number for t in trials] == [0, 1, 2, 3]
    assert [t.configuration for t in trials] == [0, 0, 1, 1]
    assert [t.seed for t in trials] == [1000, 1001, 1002, 1003]
    assert all(t.hyperparameters["width"] == 64 for t in trials)


def test_reopened_study_gives_unfinished_trials_as_they_were_asked(storage):
    first = ledger_at(storage)
    asked = first.ask(6)
    first.tell(1, 0.5, {"verdict": "stable"})
    first.fail(2, "worker lost three times")

    second = ledger_at(storage, description={"space": "other"})
    assert second.unfinished() == [asked[0], *asked[3:]]
    assert second.completed() == 1
    assert set(second.failures) == {2}
    assert second.next_number == 6
    assert second.description == {"space": "v1"}


def test_a_trial_began_and_ended_when_its_cohort_did(storage):
    ledger = ledger_at(storage)
    ledger.ask(2)
    began = datetime(2026, 3, 1, 12, 0, 0)
    span = (began.timestamp(), began.timestamp() + 1.5)
    told = TrialResult(number=0, value=0.25, attributes={"verdict": "stable"}, span=span)
    assert ledger.tell_many([told]) == 1
    # Told elsewhere meanwhile, a trial stays as it is, and so does what comes after it.
    ledger._running.add(0)
    ledger.tell_many([TrialResult(number=0, value=9.0, attributes={"a": 1}, span=(0.0, 1.0))])
    ledger.tell(1, 0.5, {})
    ledger.close()
    opened = open_storage(storage).storage
    trial, plain = optuna.load_study(study_name="digits", storage=opened).trials
    assert (trial.state, trial.value) == (TrialState.COMPLETE, 0.25)
    assert (trial.datetime_start, trial.duration) == (began, timedelta(seconds=1.5))
    assert plain.datetime_complete.year >= 2026 and plain.duration.total_seconds() < 3600


def test_a_trial_whose_end_was_torn_off_is_unfinished(tmp_path):
    journal = tmp_path / "optuna.journal"
    ledger_at(journal).ask(1)
    ledger = ledger_at(journal)
    span = (1e9, 1e9 + 1)
    ledger.tell_many([TrialResult(number=0, value=0.25, attributes={}, span=span)])
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]))
    again = ledger_at(journal)
    assert len(again.unfinished()) == 1
    again.tell(0, 0.5, {})
    assert optuna_view(journal).trials[0].value == 0.5


def test_told_trials_are_complete_for_optuna_with_attributes(tmp_path):
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    ledger.ask(3)
    attributes = {"verdict": "stable", "mlflow_run_id": "r"}
    results = [TrialResult(number=n, value=float(n), attributes=attributes) for n in (0, 2)]
    assert ledger.tell_many(results) == 2
    assert ledger.tell_many(results) == 0
    ledger.fail(1, "out of memory")

    study = optuna_view(journal)
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    assert [t.state for t in study.trials] == [
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.COMPLETE,
    ]
    assert study.trials[2].value == 2.0
    assert study.trials[2].user_attrs == {
        "configuration": 2,
        "seed": 1002,
        "verdict": "stable",
        "mlflow_run_id": "r",
    }
    assert study.trials[1].user_attrs["failure"] == "out of memory"
    assert study.best_trial.number == 0


def test_telling_twice_leaves_the_first_value(storage):
    ledger = ledger_at(storage)
    ledger.ask(1)
    ledger.tell(0, 0.25, {"verdict": "stable"})
    ledger.tell(0, 9.0, {"verdict": "exploding"})
    ledger.fail(0, "late")
    reopened = ledger_at(storage)
    reopened.tell(0, 9.0, {"verdict": "exploding"})
    assert reopened.completed() == 1
    assert reopened.unfinished() == []


def test_optuna_can_write_to_the_journal_between_two_groups(tmp_path):
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    ledger.ask(2)
    optuna_view(journal).set_user_attr("note", "from the dashboard")
    ledger.ask(2)
    ledger.tell(3, 1.0, {})
    study = optuna_view(journal)
    assert study.user_attrs["note"] == "from the dashboard"
    assert [t.number for t in study.trials] == [0, 1, 2, 3]
    assert study.trials[3].state is TrialState.COMPLETE


def test_a_torn_last_line_does_not_spoil_the_study(tmp_path):
    # Optuna's own backend appends to a line that a killed writer left unfinished, after which
    # every reader fails with "Invalid log format".
    journal = tmp_path / "optuna.journal"
    asked = ledger_at(journal).ask(3)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"x","tri')

    resumed = ledger_at(journal)
    assert resumed.unfinished() == asked
    resumed.tell(0, 1.0, {})
    assert optuna_view(journal).trials[0].state is TrialState.COMPLETE


def test_a_trial_whose_sampling_was_cut_short_is_completed_on_resume(tmp_path):
    # As Optuna's own `ask` leaves it, and gradscape before trials were stored in one piece.
    journal = tmp_path / "optuna.journal"
    ledger_at(journal)
    depth = optuna_view(journal).ask().suggest_categorical("depth", [2, 4, 8])

    (restored,) = ledger_at(journal).unfinished()
    assert restored.number == 0 and restored.seed == 1000
    assert restored.hyperparameters["depth"] == depth
    assert math.isfinite(restored.hyperparameters["learning_rate"])
    assert optuna_view(journal).trials[0].user_attrs["seed"] == 1000


def test_what_a_full_disk_refused_is_written_by_the_next_attempt(tmp_path, monkeypatch):
    journal = tmp_path / "optuna.journal"
    ledger = ledger_at(journal)
    ledger.ask(2)

    def no_space(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("study.ledger.journal.os.fsync", no_space)
        with pytest.raises(StorageUnavailable, match="cannot be written: No space"):
            ledger.tell(0, 1.0, {})
    assert optuna_view(journal).trials[0].state is TrialState.RUNNING
    ledger.tell(0, 1.0, {})
    assert [t.state for t in optuna_view(journal).trials] == [
        TrialState.COMPLETE,
        TrialState.RUNNING,
    ]
    assert [t.number for t in ledger_at(journal).unfinished()] == [1]


def test_200_trials_asked_and_told_within_3_seconds_of_cpu(tmp_path):
    ledger = ledger_at(tmp_path / "optuna.journal")
    start = time.process_time()
    for trial in ledger.ask(200):
        ledger.tell(trial.number, 1.0, {"verdict": "stable", "outcome": "trained"})
    # About 0.15 s; beside it 200 syncs, as fast as the disk is.
    assert time.process_time() - start < 3.0
    assert ledger.completed() == 200


def test_passwords_never_reach_an_error(tmp_path):
    url = "postgresql://ann:s3cr%40et@127.0.0.1:1/optuna"
    with pytest.raises(StorageUnavailable) as caught:
        ledger_at(url)
    shown = f"{caught.value} {caught.value.__cause__}"
    assert "s3cr" not in shown
    assert "postgresql://ann:***@127.0.0.1:1/optuna" in str(caught.value)
    assert redacted("see http://u:p@h/x?token=abc&y=1") == "see http://u:***@h/x?token=***&y=1"


def test_storage_in_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="file"):
        ledger_at(tmp_path / "file" / "optuna.journal")


def test_to_ask_for_a_study_makes_no_storage(storage, tmp_path):
    assert stored_study(name="digits", storage=storage) == ({}, 0)
    assert trial_states(name="digits", storage=storage) == {}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    ledger_at(storage).ask(2)
    assert stored_study(name="digits", storage=storage) == ({"space": "v1"}, 2)
    assert stored_study(name="other", storage=storage) == ({}, 0)
