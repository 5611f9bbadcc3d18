"""Where the time of a run goes."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    """Seconds by activity, from any thread; activities may overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, activity: str) -> Iterator[None]:
        """Adds the time that the block takes."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(activity, time.perf_counter() - started)

    def add(self, activity: str, seconds: float) -> None:
        """Adds a time measured elsewhere."""
        with self._lock:
            self._seconds[activity] += seconds

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds by activity up to now."""
        with self._lock:
            return dict(self._seconds)
