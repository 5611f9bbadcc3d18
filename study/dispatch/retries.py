"""Cohorts that infrastructure lost: whether their trials are trained again, and how together."""

from __future__ import annotations

import logging
from collections import deque

from study.trial import Cohort, Trial

SYSTEMATIC = 12
"""Losses with nothing trained between them, from which on no trial is to blame by itself."""

_logger = logging.getLogger("gradscape.dispatch")


class Retries:
    """Trials that are to be trained again, first lost first.

    Args:
        max_retries: Times that a trial may be lost and trained again; see `CohortQueue`.
    """

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries
        self._waiting: deque[tuple[tuple[Trial, ...], int]] = deque()
        self._losses_in_a_row = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self) -> tuple[tuple[Trial, ...], int]:
        """The trials of the next cohort, and how often they were lost."""
        return self._waiting.popleft()

    def trained(self) -> None:
        """A cohort came back: losses are not all that happens."""
        self._losses_in_a_row = 0

    def add(self, cohort: Cohort, reason: str, *, halve: bool, counts: bool = True) -> bool:
        """Takes a lost cohort and logs what becomes of it.

        Args:
            cohort: The lost one.
            reason: For a person, in one line.
            halve: Whether it comes back as two cohorts at once. From the second loss on this
                happens anyway: it separates one trial that kills its worker from the rest.
            counts: Whether the trials may be why, so that it counts as a loss of theirs.

        Returns:
            Whether its trials are trained again; they count as failed if not.
        """
        self._losses_in_a_row += counts
        trials, attempt = cohort.trials, cohort.attempt + counts
        again = not counts or attempt <= self._max_retries or self._may_isolate(cohort)
        halve = len(trials) > 1 and (halve or cohort.attempt > 0)
        if not again:
            outcome = "they count as failed, see resources.max_retries"
        else:
            outcome = f"they are trained again{', in two halves' if halve else ''}"
        count = "1 trial" if len(trials) == 1 else f"{len(trials)} trials"
        counted = f"attempt {attempt}" if counts else "which counts as no attempt"
        _logger.warning(
            "cohort %d (%s) lost, %s: %s; %s",
            *(cohort.number, count, counted, reason.rstrip("."), outcome),
        )
        if again:
            middle = (len(trials) + 1) // 2
            parts = [trials[:middle], trials[middle:]] if halve else [trials]
            self._waiting.extend((part, attempt) for part in parts)
        return again

    def _may_isolate(self, cohort: Cohort) -> bool:
        systematic = self._losses_in_a_row >= SYSTEMATIC
        return self._max_retries > 0 and len(cohort.trials) > 1 and not systematic
