"""How the trials of a study stand in Optuna, read without making or changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.trial import FrozenTrial

from study.errors import StorageUnavailable
from study.ledger.journal import sound_journal
from study.ledger.outline import JournalOutline
from study.ledger.storage import open_storage
from study.ledger.stored import is_made
from study.ledger.stored_trials import failures
from study.secrets import masked, redacted


def trial_states(*, name: str, storage: str | Path) -> Mapping[int, str]:
    """RUNNING, COMPLETE or FAIL by trial number; empty if there is no such study.

    Raises:
        StorageUnavailable: If the storage cannot be read.
    """
    return {trial.number: trial.state.name for trial in _trials(name, storage)}


def trial_failures(*, name: str, storage: str | Path) -> Mapping[int, str]:
    """Why infrastructure gave trials up, by trial number; empty if there is no such study.

    Raises:
        StorageUnavailable: If the storage cannot be read.
    """
    return failures(_trials(name, storage))


def _trials(name: str, storage: str | Path) -> Sequence[FrozenTrial]:
    if not is_made(storage):
        return []
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with _outline(storage) as opened:
            study = opened.get_study_id_from_name(name)
            return opened.get_all_trials(study, deepcopy=False)
    except KeyError:
        return []
    except optuna.exceptions.StorageInternalError as error:
        reason = redacted(str(error), str(storage))
        raise StorageUnavailable(f"storage {masked(str(storage))} failed: {reason}") from None


@contextmanager
def _outline(storage: str | Path) -> Iterator[BaseStorage]:
    if "://" in str(storage):
        with closing(open_storage(storage, make_tables=False)) as opened:
            yield opened.storage
        return
    try:
        with sound_journal(Path(storage)):
            journal = JournalStorage(JournalOutline(Path(storage)))
    except OSError as error:
        raise StorageUnavailable(f"storage {storage} cannot be read: {error}") from error
    yield journal
