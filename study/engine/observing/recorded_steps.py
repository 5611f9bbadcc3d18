"""At which steps of its training a cohort is looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection

SPARSE = 3
"""Sharpness is measured at one in so many recorded steps: it costs a few dozen steps each."""

PEAK = 2
"""Last of the first steps at which sharpness is measured all the same: where steps are too large
it peaks there and is low again a few steps later (Lewkowycz et al. 2020)."""


class Looks:
    """The steps of a training that are looked at, in order, each a column of what is kept.

    Args:
        steps: Of the training.
        others: Those between the recorded ones at which sharpness alone is looked at.
    """

    def __init__(self, steps: int, others: Collection[int] = ()) -> None:
        self._recorded = frozenset(recorded_steps(steps))
        self.all = sorted(self._recorded.union(others))
        self.column_of = {step: column for column, step in enumerate(self.all)}

    def is_recorded(self, step: int) -> bool:
        """Returns whether this step is recorded."""
        return step in self._recorded

    def is_between(self, step: int) -> bool:
        """Returns whether this step is looked at and not recorded."""
        return step in self.column_of and step not in self._recorded

    def next(self, step: int) -> int:
        """Returns this step if it is recorded, else the next one that is looked at."""
        return step if step in self._recorded else self.all[bisect_right(self.all, step)]


def recorded_steps(steps: int) -> tuple[int, ...]:
    """Returns 0, 1, 2, 3, 5, 8, ... (Fibonacci: about log-spaced) below `steps`, and the last.

    Dense early, where instability shows first, and cheap late: 13 of 200 steps, 20 of 10,000.

    >>> recorded_steps(30)
    (0, 1, 2, 3, 5, 8, 13, 21, 29)
    """
    chosen = [0]
    following, next_one = 1, 2
    while following < steps:
        chosen.append(following)
        following, next_one = next_one, following + next_one
    if chosen[-1] != steps - 1:
        chosen.append(steps - 1)
    return tuple(chosen)


def sparse_steps(steps: int) -> tuple[int, ...]:
    """Returns every third of the recorded steps, from the first, and steps 1, 2 and the last.

    >>> sparse_steps(200)
    (0, 1, 2, 3, 13, 55, 199)
    """
    recorded = recorded_steps(steps)
    first = [step for step in recorded if step <= PEAK]
    return tuple(sorted({*first, *recorded[::SPARSE], recorded[-1]}))


def no_steps(steps: int) -> tuple[int, ...]:
    """Returns no step: the quantity is never measured."""
    return ()
