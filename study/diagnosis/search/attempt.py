"""What came of each change that was tried."""

from __future__ import annotations

import math
from dataclasses import dataclass

from study.diagnosis.change import Changes
from study.diagnosis.trained import Trained

CLEAR_MAJORITY = 0.8
"""Share of the seeds that must be stable: near the boundary some are by chance."""

MANY_DECADES = 100.0
"""Of a gradient that is gone altogether."""


def is_clear(stable: int, seeds: int) -> bool:
    """Returns whether a clear majority of the seeds is stable."""
    return stable >= CLEAR_MAJORITY * seeds - 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Attempt:
    """What was tried.

    Attributes:
        changes: It.
        trained: What came of it, with the first seed alone where it fails with that one; None
            where it could not be trained.
        longer: What came of training it longer, with some of the seeds; None where it did not
            come so far.
        error: Why it could not be trained.
    """

    changes: Changes
    trained: Trained | None
    longer: Trained | None = None
    error: str | None = None

    @property
    def stable(self) -> int:
        """Seeds with which it is stable."""
        return 0 if self.trained is None else self.trained.stable

    @property
    def seeds(self) -> int:
        """Seeds it was trained with."""
        return 0 if self.trained is None else self.trained.seeds

    @property
    def metric(self) -> float:
        """Median over these seeds of the task's metric at the end; NaN where it is none."""
        return math.nan if self.trained is None else self.trained.metric

    @property
    def works(self) -> bool:
        """Whether it is certain to work."""
        return self.longer is not None and not self.lost

    @property
    def closeness(self) -> tuple[float, ...]:
        """What attempts are compared by; larger is closer to stable.

        The share of seeds that are stable for long, then that which are so at first, then how long
        training stayed finite, then the progress of the metric to a tenth, then how well gradients
        pass the layers, then the progress in full.
        """
        if self.trained is None:
            return (-1.0,)
        stable, progress = self.stable / self.seeds, self.trained.progress
        progress = progress if math.isfinite(progress) else -math.inf
        return (
            0.0 if self.lost else stable,
            stable,
            self.trained.endurance,
            round(progress, 1) if math.isfinite(progress) else progress,
            -round(min(self.trained.gradient_decades, MANY_DECADES)),
            progress,
        )

    @property
    def lost(self) -> bool:
        """Whether a longer training loses again what this one reached."""
        return self.longer is not None and self.longer.stable < self.longer.seeds


@dataclass(frozen=True, kw_only=True, eq=False)
class Remedy:
    """What makes the configuration stable, and its training with all seeds.

    Attributes:
        changes: It.
        trained: The changed configuration.
        longer: The same trained longer with some of the seeds, stable with each.
    """

    changes: Changes
    trained: Trained
    longer: Trained


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What was found and what was tried.

    Attributes:
        remedies: What works, the smallest of each way, in the order of the candidates.
        attempts: All that were tried, in the order of trying.
        candidates: Number of changes that there are to try.
        wanted: Number of remedies that were looked for.
        narrowed: Why few changes were tried, in a sentence; "" where all were that there are.
        trainings: What it cost: trainings of one seed for the configuration's own steps.
        budget: How many of those it might cost.
        seconds: How long it took.
        budget_s: How long it might take.
        interrupted: Whether the person ended it before it was done.
    """

    remedies: tuple[Remedy, ...]
    attempts: tuple[Attempt, ...]
    candidates: int
    wanted: int
    narrowed: str = ""
    trainings: float = 0.0
    budget: float = math.inf
    seconds: float = 0.0
    budget_s: float = math.inf
    interrupted: bool = False

    @property
    def nearest(self) -> Attempt | None:
        """What came nearest to working where nothing works, the first of equals; None if none."""
        if self.remedies or not self.attempts:
            return None
        return max(self.attempts, key=lambda attempt: attempt.closeness)

    @property
    def is_spent(self) -> bool:
        """Whether it ended because it had cost what it might."""
        return self.trainings >= self.budget or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether it had taken the time that it might."""
        return self.seconds >= self.budget_s
