"""Optuna's storage in a data base.

Apart from `storage`, so that a study whose storage is a file needs no SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, cast

import sqlalchemy as sa
from optuna.storages import RDBStorage

# Optuna puts it around every data base; only there can the search for enqueued trials be left out.
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb.models import TrialModel
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from study.databases import connect_arguments
from study.errors import StorageUnavailable
from study.ledger.guard import Guard, guard_engine
from study.ledger.results import TrialSpan
from study.secrets import masked

SILENT_MS = 60_000
"""After that PostgreSQL ends a change whose client has fallen silent."""

FAILURES = (SQLAlchemyError,)
"""What a data base that is unavailable raises, beside Optuna's own errors."""


class DatabaseWithoutQueue(_CachedStorage):
    """`JournalWithoutQueue` for a data base, which would be asked for each unfinished trial."""

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        if states == (TrialState.WAITING,):
            return []
        trials: list[FrozenTrial] = super().get_all_trials(study_id, deepcopy, states)
        return trials

    @property
    def span(self) -> TrialSpan:
        """What is written as start and end of the trials that are told."""
        return cast(_Database, self._backend).span

    def close(self) -> None:
        """Ends the connections that nothing uses any more."""
        self._backend.engine.dispose()

    def guard(self, guard: Guard) -> None:
        """Lets nothing be committed from now on without asking the guard first."""
        guard_engine(self._backend.engine, guard.check_in)


class _Database(RDBStorage):
    """A data base that makes a trial under the number it was sampled for, or not at all.

    Optuna tries a new trial five times. Where the first was made and the answer lost, the second
    would make a trial of the next number with the hyperparameters of this one.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self.span = TrialSpan()

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        if self.span.times is None or not state.is_finished():
            return bool(super().set_trial_state_values(trial_id, state, values))
        with _create_scoped_session(self.scoped_session) as session:
            trial = TrialModel.find_or_raise_by_id(trial_id, session, for_update=True)
            self.check_trial_is_updatable(trial_id, trial.state)
            for objective, value in enumerate(values or ()):
                self._set_trial_value_without_commit(session, trial, objective, value)
            trial.state = state
            trial.datetime_start, trial.datetime_complete = self.span.times
        return True

    def _get_prepared_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None, session: Any
    ) -> Any:
        made = super()._get_prepared_new_trial(study_id, template_trial, session)
        if template_trial is not None and made.number != template_trial.number:
            raise StorageUnavailable(
                f"storage {masked(self.url)} had made trial {template_trial.number} and lost "
                "the answer"
            )
        return made


def open_database(url: str, *, make_tables: bool) -> DatabaseWithoutQueue:
    """Opens a data base that may be restarted: a connection that has died is replaced.

    Args:
        url: Of the data base.
        make_tables: Whether it gets the tables that it lacks.
    """
    options = {"pool_pre_ping": True, "connect_args": connect_arguments(url)}
    storage = _Database(url, engine_kwargs=options, skip_table_creation=not make_tables)
    if storage.engine.dialect.name == "postgresql":
        sa.event.listen(storage.engine, "connect", _limit_silence)
        storage.engine.dispose()  # Connections made before.
    return DatabaseWithoutQueue(storage)


def _limit_silence(connection: DBAPIConnection, record: object) -> None:
    """A machine lost in the middle of a change keeps its rows locked no longer than this."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {SILENT_MS}")
    cursor.close()
    connection.commit()
