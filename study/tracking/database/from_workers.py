"""Runs of a cohort written by the worker that trained it, before the driver has its rows.

The driver is one process, and delivers what every worker trains. Where the runs' data base is a
server, each worker writes those of its own cohorts, and the driver finds them there. It needs no
word of it: a run's id follows from its trial, so that whoever comes second finds what the first
has committed, and what a worker did not manage the driver does.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from study.databases import make_engine
from study.tables import CohortTables
from study.tracking.artifacts.tables import STUDY_KEY_TAG
from study.tracking.database.bulk import BulkWriter
from study.tracking.database.rows import ACTIVE, Place
from study.tracking.trial_record import TrialRecord, trial_records

PATIENCE_S, PAUSE_S = 10.0, 60.0
"""How long a cohort waits for the data base; how long a worker then leaves it to the driver."""

_PARENT = sa.text(
    f"""
SELECT runs.run_uuid, runs.experiment_id, experiments.artifact_location FROM runs
JOIN experiments ON experiments.experiment_id = runs.experiment_id
JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = '{STUDY_KEY_TAG}' AND tags.value = :key
WHERE experiments.name = :study AND runs.status = 'RUNNING' AND runs.lifecycle_stage = '{ACTIVE}'
ORDER BY runs.start_time DESC
"""
)
"""The invocation that is under way, by the run that the driver has made for it."""


class RunsFromWorkers:
    """Writes a cohort's runs; picklable.

    Args:
        database: Address of the data base, which is a server's.
        study: Name of the study.
        key: Its key.
        root: Address of the folder of artifacts; None is the experiment's own.
        shows: Whether a trial gets a run.
    """

    def __init__(
        self,
        database: str,
        *,
        study: str,
        key: str,
        root: str | None,
        shows: Callable[[int], bool],
    ) -> None:
        self._database = database
        self._study, self._key, self._root = study, key, root
        self._shows = shows
        self._driver = _this_process()
        self._left_to_driver_until = 0.0
        self._writer: BulkWriter | None = None

    def write(self, tables: CohortTables) -> None:
        """Writes the runs of a cohort, if that takes no longer than `PATIENCE_S`.

        In the driver's own process it writes none: there training would wait for what a thread
        does beside it.
        """
        here = _this_process() == self._driver
        if here or time.monotonic() < self._left_to_driver_until:
            return
        written = threading.Event()
        # A data base that keeps silent must not hold training up: the thread is left to itself.
        threading.Thread(target=self._try, args=(tables, written), daemon=True).start()
        if not written.wait(PATIENCE_S):
            self._left_to_driver_until = time.monotonic() + PAUSE_S

    def __getstate__(self) -> dict[str, Any]:
        """Without the writer: each process makes its own."""
        return {**vars(self), "_writer": None}

    def _try(self, tables: CohortTables, written: threading.Event) -> None:
        try:
            self._write(tables)
        except (sa.exc.SQLAlchemyError, OSError, ImportError):
            # The driver writes these runs, and says what keeps it from that.
            self._left_to_driver_until = time.monotonic() + PAUSE_S
        written.set()

    def _write(self, tables: CohortTables) -> None:
        trials = [trial for trial in tables.trial_numbers if self._shows(trial)]
        self._writer = self._writer or BulkWriter.of(self._database, key=self._key)
        place = self._place() if trials and self._writer is not None else None
        if self._writer is None or place is None:
            return  # The driver has not made its tables and its run yet.

        def records(wanted: set[int]) -> list[TrialRecord]:
            return [each for each in trial_records(tables) if each.trial in wanted]

        self._writer.write(trials, place, records)

    def _place(self) -> Place | None:
        with make_engine(self._database).connect() as connection:
            found = connection.execute(_PARENT, {"key": self._key, "study": self._study}).first()
        if found is None:
            return None
        run, experiment, location = found
        return Place(
            experiment_id=str(experiment), root=self._root or str(location), parent=str(run)
        )


def _this_process() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()
