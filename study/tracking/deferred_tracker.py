"""A tracker that opens in the background, and again when the server was unavailable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from study.errors import TrackingUnavailable
from study.tables import CohortTables
from study.tracking.tracker import RunStatus, Tracker


class DeferredTracker:
    """Implements `Tracker` by one that takes seconds to open.

    Importing MLflow and making its data base take as long as starting the workers: both happen
    at once. A server that is unavailable at the start is tried again at the next call, so
    that a study can begin without it.

    Args:
        open: Opens the tracker; raises TrackingUnavailable while it cannot.
    """

    def __init__(self, open: Callable[[], Tracker]) -> None:
        self._open = open
        self._lock = threading.Lock()
        self._tracker: Tracker | None = None
        self._failure: Exception | None = None
        threading.Thread(target=self._open_early, name="tracker", daemon=True).start()

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        return self._opened().log_trials(tables, maybe_logged=maybe_logged)

    def withdraw(self, trials: Collection[int]) -> None:
        self._opened().withdraw(trials)

    def shown(self) -> set[str] | None:
        return self._opened().shown()

    def update_counts(self, counts: Mapping[str, int]) -> None:
        self._opened().update_counts(counts)

    def log_report(self, folder: Path) -> None:
        self._opened().log_report(folder)

    def log_tables(self, folder: Path) -> None:
        self._opened().log_tables(folder)

    def close(self, status: RunStatus) -> None:
        self._opened().close(status)

    def _open_early(self) -> None:
        with self._lock:
            try:
                self._tracker = self._open()
            except Exception as error:
                self._failure = error  # Raised by the first call, in the caller's thread.

    def _opened(self) -> Tracker:
        with self._lock:
            failure = self._failure
            if isinstance(failure, TrackingUnavailable):
                self._failure = None  # Told once; the next call tries again.
            if failure is not None:
                raise failure
            if self._tracker is None:
                self._tracker = self._open()
            return self._tracker
