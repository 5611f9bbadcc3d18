"""Where an Optuna study is kept: a journal file, or a data base by URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from optuna.distributions import BaseDistribution
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial, TrialState

from study.errors import StorageUnavailable, first_cause, first_line
from study.ledger.guard import Guard
from study.ledger.journal import GroupJournal, sound_journal
from study.ledger.results import TrialSpan
from study.secrets import masked, redacted

if TYPE_CHECKING:
    from study.ledger.database_storage import DatabaseWithoutQueue


@dataclass(frozen=True, kw_only=True)
class LedgerStorage:
    """An Optuna storage and how to write many operations to it at once.

    Attributes:
        storage: Optuna's.
        span: What is written as start and end of the trials that are told.
        journal: The file, where it is one.
        database: The same as `storage`, where it is a data base.
        failures: What its driver raises while it is unavailable.
        name: Path or URL, its password masked.
        url: With its password, to keep it out of errors; None of a journal.
    """

    storage: BaseStorage
    name: str
    span: TrialSpan
    journal: GroupJournal | None = None
    database: DatabaseWithoutQueue | None = None
    failures: tuple[type[Exception], ...] = ()
    url: str | None = field(default=None, repr=False)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns what an unavailable storage raises inside into `StorageUnavailable`."""
        try:
            yield
        except (StorageInternalError, OSError, *self.failures) as error:
            # `from None`: the chained exceptions of SQLAlchemy and of the driver quote the URL.
            reason = redacted(first_cause(error), self.url or "")
            what = "does not answer" if self.journal is None else "cannot be written"
            raise StorageUnavailable(f"storage {self.name} {what}: {reason}") from None

    def close(self) -> None:
        """Ends the connections to a data base that nothing uses any more."""
        if self.database is not None:
            self.database.close()

    def guard(self, guard: Guard) -> None:
        """Lets nothing be committed from now on without asking the guard first."""
        if self.journal is not None:
            self.journal.check = guard.check
        if self.database is not None:
            self.database.guard(guard)

    @contextmanager
    def group(self) -> Iterator[None]:
        """Write what happens inside in one go where the storage can."""
        if self.journal is None:
            yield
        else:
            with self.journal.group():
                yield


class JournalWithoutQueue(JournalStorage):
    """Optuna's journal storage for a study of many trials that are never enqueued.

    `Study.ask` first looks through all trials for an enqueued one, so that asking the
    100,000th trial would cost a hundred times what the 1,000th did. And each trial has the
    distributions of its parameters for itself, the larger part of its memory: here trials share
    them.

    Args:
        journal: The file.
    """

    def __init__(self, journal: GroupJournal) -> None:
        self._shared: dict[BaseDistribution, BaseDistribution] = {}
        self.span = TrialSpan()
        done: Counter[int] = Counter()
        with journal.read_in_portions():
            super().__init__(journal)
            whole = False
            while not whole:
                whole = journal.read_whole
                for study in self.get_all_studies():
                    trials = self.get_all_trials(study._study_id, deepcopy=False)
                    for trial in trials[done[study._study_id] :]:
                        self._share(trial)
                    done[study._study_id] = len(trials)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id: int = super().create_new_trial(study_id, template_trial)
        self._share(self.get_trial(trial_id))
        return trial_id

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        if self.span.times is None or not state.is_finished():
            return bool(super().set_trial_state_values(trial_id, state, values))
        self._sync_with_backend()
        self.check_trial_is_updatable(trial_id, self.get_trial(trial_id).state)
        start, end = (
            time.astimezone(UTC).isoformat(timespec="microseconds") for time in self.span.times
        )
        with self._thread_lock:
            # Optuna reads a start only where a trial that waits begins to run.
            for more in (
                {"state": TrialState.WAITING, "values": None},
                {"state": TrialState.RUNNING, "values": None, "datetime_start": start},
                {"state": state, "values": values, "datetime_complete": end},
            ):
                operation = {"trial_id": trial_id, **more}
                self._write_log(JournalOperation.SET_TRIAL_STATE_VALUES, operation)
            self._sync_with_backend()
        return True

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        if states == (TrialState.WAITING,):
            return []
        return super().get_all_trials(study_id, deepcopy, states)

    def _share(self, trial: FrozenTrial) -> None:
        own = trial.distributions
        for name, distribution in own.items():
            own[name] = self._shared.setdefault(distribution, distribution)


def open_storage(location: str | Path, *, make_tables: bool = True) -> LedgerStorage:
    """Open a journal file (a path) or a data base (a URL such as ``postgresql://...``).

    Args:
        location: Path or URL.
        make_tables: Whether a data base gets the tables that it lacks.

    Raises:
        StorageUnavailable: If the data base or the folder of the file cannot be reached.
    """
    if "://" not in str(location):
        path = Path(location)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            journal = GroupJournal(path)
            with sound_journal(path):
                storage = JournalWithoutQueue(journal)
            return LedgerStorage(
                storage=storage, span=storage.span, journal=journal, name=str(path)
            )
        except OSError as error:
            raise StorageUnavailable(f"storage {path} cannot be opened: {error}") from error
    url = str(location)
    from study.ledger.database_storage import FAILURES, open_database

    try:
        database = open_database(url, make_tables=make_tables)
        return LedgerStorage(
            storage=database,
            span=database.span,
            database=database,
            failures=FAILURES,
            name=masked(url),
            url=url,
        )
    except Exception as error:
        # `from None`: the chained exceptions of SQLAlchemy and of the driver quote the URL.
        # Optuna's own error of a data base that is locked speaks of invalid data.
        optunas = isinstance(error, StorageInternalError)
        text = first_cause(error) if optunas else f"{type(error).__name__}: {first_line(error)}"
        reason = redacted(text, url)
        raise StorageUnavailable(f"storage {masked(url)} cannot be opened: {reason}") from None
