"""Where an Optuna study is kept: a journal file, or a data base by URL."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState

from study.ledger.journal import GroupJournal
from study.redaction import redacted


class StorageUnavailable(RuntimeError):
    """The storage cannot be opened; the message names it without its password."""


@dataclass(frozen=True, kw_only=True)
class LedgerStorage:
    """An Optuna storage and how to write many operations to it at once."""

    storage: BaseStorage
    journal: GroupJournal | None

    @contextmanager
    def group(self) -> Iterator[None]:
        """Write what happens inside in one go where the storage can."""
        if self.journal is None:
            yield
        else:
            with self.journal.group():
                yield


class JournalWithoutQueue(JournalStorage):
    """Optuna's journal storage for a study whose trials are never enqueued.

    `Study.ask` first looks through all trials for an enqueued one, so that asking the
    100,000th trial would cost a hundred times what the 1,000th did.
    """

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        if states == (TrialState.WAITING,):
            return []
        return super().get_all_trials(study_id, deepcopy, states)


def open_storage(location: str | Path) -> LedgerStorage:
    """Open a journal file (a path) or a data base (a URL such as ``postgresql://...``).

    Raises:
        StorageUnavailable: If the data base or the folder of the file cannot be reached.
    """
    if "://" not in str(location):
        path = Path(location)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            journal = GroupJournal(path)
            return LedgerStorage(storage=JournalWithoutQueue(journal), journal=journal)
        except OSError as error:
            raise StorageUnavailable(f"storage {path} cannot be opened: {error}") from error
    url = str(location)
    try:
        return LedgerStorage(storage=RDBStorage(url), journal=None)
    except Exception as error:
        # `from None`: the chained exceptions of SQLAlchemy and of the driver quote the URL.
        reason = str(error).strip().split("\n")[0].replace(url, redacted(url))
        raise StorageUnavailable(
            f"storage {redacted(url)} cannot be opened: {type(error).__name__}: {redacted(reason)}"
        ) from None
