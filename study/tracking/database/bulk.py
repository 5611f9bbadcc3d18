"""A cohort's runs written to MLflow's data base at once.

MLflow writes a run by some eight transactions, and reads it back in each: 15 ms of a core. Where
its data base is at hand the rows of a whole cohort go into MLflow's own tables in one transaction,
which costs a tenth, and none of them is ever half-written. What a reader sees is the same
(`tests/study/tracking/database/test_bulk.py` compares both ways).

A run's id follows from its study's key and its trial's number, so that whoever writes it (a
worker, the driver, the driver of a later invocation) finds what another has written: the data base
itself takes no id twice. Nothing here needs MLflow, so that workers need not import it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from study.databases import make_engine
from study.tracking.database.rows import ACTIVE, NOWHERE, TABLES, Place, Rows, run_rows
from study.tracking.present import FINISHED
from study.tracking.trial_record import TrialRecord

ATTEMPTS = 5
"""Times that somebody else may write the same runs between a look and the commit."""


def run_id(key: str, trial: int, generation: int = 0) -> str:
    """The id of a trial's run, 32 hexadecimal digits.

    Args:
        key: The study's.
        trial: Its number.
        generation: How many runs of this trial somebody has deleted or moved away.
    """
    return uuid.uuid5(uuid.NAMESPACE_OID, f"gradscape {key} {trial} {generation}").hex


class BulkWriter:
    """Writes runs of one study; made by `of`.

    Args:
        uri: Address of the data base.
        key: The study's.
    """

    def __init__(self, uri: str, *, key: str) -> None:
        self._engine = make_engine(uri)
        self._key = key

    @classmethod
    def of(cls, uri: str, *, key: str) -> BulkWriter | None:
        """A writer; None if this MLflow keeps runs in tables that are not known here.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the data base does not answer.
        """
        example = run_rows(TrialRecord.example(), "run", 0, NOWHERE)
        looked = sa.inspect(make_engine(uri))
        for name in TABLES:
            if not looked.has_table(name):
                return None
            columns = looked.get_columns(name)
            needed = {
                each["name"]
                for each in columns
                if not (each["nullable"] or each.get("default") or each.get("computed"))
            }
            written = example[name][0].keys()
            if not needed <= written <= {each["name"] for each in columns}:
                return None
        return cls(uri, key=key)

    def write(
        self,
        trials: Sequence[int],
        place: Place,
        record: Callable[[set[int]], Iterable[TrialRecord]],
        *,
        check: Callable[[], None] = lambda: None,
    ) -> dict[int, str | None]:
        """Writes the runs of trials that are not there, all of them or none.

        Args:
            trials: Numbers of the trials.
            place: Where they belong.
            record: Makes the records of those that are not there.
            check: Called right before the commit; raises if the study is somebody else's.

        Returns:
            The id of each trial's run, whoever has written it.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the data base does not take them.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._write(trials, place, record, check)
            except IntegrityError:
                # Another process wrote one of them since we looked; now it is found.
                if not left:
                    raise
        raise AssertionError("unreachable")

    def runs_of(self, trials: Sequence[int], place: Place) -> list[str]:
        """Ids of the runs of these trials that others see, whoever has written them."""
        with self._engine.connect() as connection:
            return list(self._look(connection, trials, int(place.experiment_id))[0].values())

    def has(self, run: str) -> bool:
        """Whether a run of this id is there."""
        wanted = sa.select(_RUNS.c.run_uuid).where(_RUNS.c.run_uuid == run)
        with self._engine.connect() as connection:
            return connection.execute(wanted).first() is not None

    def _write(
        self,
        trials: Sequence[int],
        place: Place,
        record: Callable[[set[int]], Iterable[TrialRecord]],
        check: Callable[[], None],
    ) -> dict[int, str | None]:
        now = int(time.time() * 1000)
        with self._engine.begin() as connection:
            there, free = self._look(connection, trials, int(place.experiment_id))
            rows: Rows = {name: [] for name in TABLES}
            # In one order, so that of two processes with the same trials one waits for the other.
            records = sorted(record(set(free)), key=lambda one: one.trial) if free else ()
            for each in records:
                for name, more in run_rows(each, free[each.trial], now, place).items():
                    rows[name] += more
            for name, wanted in rows.items():
                if wanted:
                    connection.execute(sa.insert(_table(name, wanted[0])), wanted)
            check()
        return {**there, **free}

    def _look(
        self, connection: sa.Connection, trials: Sequence[int], experiment_id: int
    ) -> tuple[dict[int, str], dict[int, str]]:
        """Runs that others see, and ids for the other trials; deleted runs keep theirs."""
        there: dict[int, str] = {}
        free: dict[int, str] = {}
        rest, generation = list(trials), 0
        while rest:
            ids = {run_id(self._key, trial, generation): trial for trial in rest}
            wanted = sa.select(_RUNS).where(_RUNS.c.run_uuid.in_(ids))
            taken = {row.run_uuid: row for row in connection.execute(wanted)}
            rest = []
            for run, trial in ids.items():
                row = taken.get(run)
                if row is None:
                    free[trial] = run
                elif (row.lifecycle_stage, row.status, row.experiment_id) == (
                    ACTIVE,
                    FINISHED,
                    experiment_id,
                ):
                    there[trial] = run
                else:
                    rest.append(trial)
            generation += 1
        return there, free


_RUNS = sa.table(
    "runs", *map(sa.column, ("run_uuid", "lifecycle_stage", "status", "experiment_id"))
)


def _table(name: str, row: Mapping[str, Any]) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in row))
