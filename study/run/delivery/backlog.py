"""The backlog of a run: trials on disk that MLflow or Optuna do not know yet."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace

from study.tables import CohortTables, TableStore

IN_MEMORY = 4
"""Undelivered cohorts whose tables stay in memory; the others are read back from disk."""

REDELIVERED_TOGETHER = 64
"""Trials of an earlier invocation that are delivered at once."""


@dataclass(kw_only=True)
class Undelivered:
    """Trials that are delivered together, and how far that has come.

    Attributes:
        trials: Numbers of the trials.
        tables: Their rows; None where they are to be read from disk.
        counted: How many of them count as delivered once they are.
        maybe_logged: Whether an earlier attempt may have logged some of them to MLflow.
        lost: Whether MLflow had their runs and has them no more.
        reported: Whether Optuna knows them already, without their MLflow runs.
    """

    trials: tuple[int, ...]
    tables: CohortTables | None
    counted: int
    maybe_logged: bool
    lost: bool = False
    reported: bool = False

    def read(self, store: TableStore) -> CohortTables:
        """The rows of these trials, from memory or from disk."""
        return self.tables or store.bundle_of(self.trials)


class Backlog:
    """A queue, oldest first. Whoever shares it guards it: it has no lock of its own."""

    def __init__(self) -> None:
        self._queue: deque[Undelivered] = deque()

    def __bool__(self) -> bool:
        return bool(self._queue)

    @property
    def first(self) -> Undelivered:
        """What is delivered next."""
        return self._queue[0]

    @property
    def trials(self) -> list[int]:
        """Numbers of all trials in it, ascending."""
        return sorted(trial for waiting in self._queue for trial in waiting.trials)

    @property
    def counted(self) -> int:
        """How many trials count as delivered once all are."""
        return sum(waiting.counted for waiting in self._queue)

    @property
    def unreported(self) -> list[Undelivered]:
        """Those that Optuna does not know."""
        return [waiting for waiting in self._queue if not waiting.reported]

    def add(self, tables: CohortTables, *, new: int, maybe_logged: bool) -> None:
        """Appends a recorded cohort.

        Args:
            tables: Rows of the cohort's trials.
            new: How many of its trials were not recorded before.
            maybe_logged: Whether another invocation may have logged some of them to MLflow.
        """
        trials = tables.trial_numbers
        tables = replace(tables, recorded=dict.fromkeys(trials, time.time()))
        self._queue.append(
            Undelivered(
                trials=trials,
                tables=tables if len(self._queue) < IN_MEMORY else None,
                counted=new,
                maybe_logged=maybe_logged or new < len(trials),
            )
        )

    def add_earlier(self, trials: Collection[int], *, lost: bool = False) -> None:
        """Appends trials that an earlier invocation recorded, in portions.

        Args:
            trials: Numbers of the trials.
            lost: Whether they were delivered, and MLflow does not show them any more.
        """
        ordered = sorted(trials)
        for start in range(0, len(ordered), REDELIVERED_TOGETHER):
            portion = tuple(ordered[start : start + REDELIVERED_TOGETHER])
            self._queue.append(
                Undelivered(
                    trials=portion,
                    tables=None,
                    counted=len(portion),
                    maybe_logged=True,
                    lost=lost,
                    reported=lost,
                )
            )

    def remove_first(self) -> None:
        """Drops what has been delivered."""
        self._queue.popleft()
