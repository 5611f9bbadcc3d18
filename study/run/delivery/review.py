"""What MLflow shows, compared with what it should: runs that are gone, runs of failed trials."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from study.lease import Lease
from study.run.delivery.missing import missing_text, missing_trials
from study.tables import TableStore
from study.tracking import Tracker

_logger = logging.getLogger("gradscape.run")


class Review:
    """Trials whose runs may not be as they should; true while there are any.

    Args:
        lease: The lease on the study; runs are withdrawn while it is held.
        store: The study's tables, which name each trial's run.
        tracker: Knows the runs, and takes them back.
        shows: Whether a trial gets a run in MLflow.
    """

    def __init__(
        self, *, lease: Lease, store: TableStore, tracker: Tracker, shows: Callable[[int], bool]
    ) -> None:
        self._lease, self._store = lease, store
        self._tracker, self._shows = tracker, shows
        self._delivered: frozenset[int] = frozenset()
        self._failed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._delivered or self._failed)

    def add(self, *, delivered: Collection[int] = (), failed: Collection[int] = ()) -> None:
        """Takes trials that were delivered earlier, and such as have failed for good."""
        self._delivered |= frozenset(delivered)
        self._failed |= frozenset(failed)

    def carry_out(self) -> list[int]:
        """Withdraws the runs of failed trials; returns which delivered ones MLflow lacks.

        Raises:
            TrackingUnavailable: If MLflow does not answer; calling again goes on.
        """
        if failed := self._failed:
            with self._lease.writing(certain=True):
                self._tracker.withdraw(failed)
            self._failed -= failed
        if not (delivered := self._delivered):
            return []
        missing = missing_trials(self._store, self._tracker.shown(), delivered, self._shows)
        if missing:
            _logger.warning("%s", missing_text(missing, len(delivered)))
        self._delivered -= delivered
        return missing
