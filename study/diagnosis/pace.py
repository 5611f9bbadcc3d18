"""How long a search for remedies may still take."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from study.diagnosis.search import LONGER, LONGER_SEEDS, Attempt


class Pace:
    """Time per training, as it was so far.

    Args:
        seeds: Seeds that a change which works is trained with.
        wanted: Changes that are looked for.
        first_s: What one training took in the cohort of the configuration itself.
    """

    def __init__(self, *, seeds: int, wanted: int, first_s: float) -> None:
        self._seeds, self._wanted, self._first_s = seeds, wanted, first_s
        self._began_s = time.monotonic()

    def seconds_left(
        self, before: Sequence[Attempt], *, total: int, budget_s: float = math.inf
    ) -> float:
        """Estimates the time that the search takes at most from here on, in seconds.

        Most changes cost what the configuration does, and fail with the first seed; those that
        work are trained with the other seeds too, and with some of them for longer.

        Args:
            before: What was tried.
            total: Number of changes that there are to try.
            budget_s: Time that all of it may take.
        """
        working = sum(attempt.works for attempt in before)
        done = sum(attempt.seeds for attempt in before) + working * LONGER * LONGER_SEEDS
        each_s = (time.monotonic() - self._began_s) / done if done else self._first_s
        missing = max(0, self._wanted - working)
        left = total - len(before) + missing * (self._seeds - 1 + LONGER * LONGER_SEEDS)
        return min(each_s * left, max(0.0, budget_s - (time.monotonic() - self._began_s)))
