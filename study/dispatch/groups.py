"""Trials that wait to be trained together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from study.trial import Trial

PATIENCE = 64
"""Cohorts that may overtake a group before it goes first, however small it is."""


@dataclass(kw_only=True)
class Group:
    """Trials that agree in what cannot be fused.

    Attributes:
        cost: Cost of one of its trials.
        apart: Whether they are trained one after another, so that company gains them nothing.
        since: Number of cohorts that had been picked when the group was last served.
        trials: First in, first out.
    """

    cost: float
    since: int
    apart: bool = False
    trials: deque[Trial] = field(default_factory=deque)

    def take(self, n: int) -> tuple[Trial, ...]:
        """Remove the first ``n`` trials."""
        return tuple(self.trials.popleft() for _ in range(min(n, len(self.trials))))


def most_urgent(
    groups: Mapping[Hashable, Group], picks: int, seconds: Callable[[Hashable, Group], float]
) -> Hashable:
    """The group that has been overtaken too often, else that whose trials take longest in all.

    Args:
        groups: At least one.
        picks: Cohorts that have been picked.
        seconds: Estimates the time of one trial of a group.
    """

    def urgency(key: Hashable) -> tuple[int, float]:
        overtaken = picks - groups[key].since
        total = seconds(key, groups[key]) * len(groups[key].trials)
        return (overtaken if overtaken > PATIENCE else 0, total)

    return max(groups, key=urgency)


def pieces(n: int, size: int, *, smallest: int, limit: int, grows: bool) -> int:
    """Size of the next cohort of a group of ``n`` trials, so that no sliver is left over.

    Args:
        n: Trials in the group.
        size: Wanted size.
        smallest: Size below which pieces are not cut, unless the group is smaller.
        limit: Size that is never passed.
        grows: Whether more trials of the group may come, which a remainder can wait for.

    >>> [pieces(70, 64, smallest=8, limit=64, grows=grows) for grows in (True, False)]
    [64, 35]
    >>> pieces(10, 8, smallest=8, limit=64, grows=False)
    10
    """
    if grows or n <= size:
        return min(n, size)
    if n > 2 * size:
        return size
    count = min(math.ceil(n / size), max(1, n // smallest))
    count = max(count, math.ceil(n / limit))
    return math.ceil(n / count)
