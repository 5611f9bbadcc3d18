"""What it means that a map has settled, and that a region does not hold: for runs and reports.

A look at n trials compares the map that all n make with the map of the first n // 2: the mean over
the map's area of the absolute change of the probability of stable. Half, because the change by a
fixed number of further trials falls like 1 / n whatever the map does; that by doubling the trials
falls only as fast as the map becomes certain. A look is quiet where the change is below a limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 32
"""Trials of the smallest map that another one is compared with."""

SETTLED = 0.02
"""The usual limit: a look is quiet if doubling the trials changed the probability by less."""


REFUTED = 0.025
"""A promise is refuted by so few stable trials that they had at most this probability under it."""


@dataclass(frozen=True, kw_only=True)
class MapChange:
    """One look: how much a map changed as its trials doubled.

    Attributes:
        trials: Number of trials that the later map is made from.
        before: Number of trials that the earlier map is made from, half as many.
        change: Mean over the map's area of the absolute change of the probability, 0 to 1.
    """

    trials: int
    before: int
    change: float


def compared_with(trials: int) -> int | None:
    """Returns how many trials the earlier map of a look has; None where that is below `LEAST`."""
    half = trials // 2
    return half if half >= LEAST else None


def settled_at(
    changes: Sequence[MapChange], *, below: float = SETTLED, looks: int = 1
) -> int | None:
    """Finds the number of trials from which on every look was quiet.

    Args:
        changes: The looks, the earliest first.
        below: A look is quiet where the change is less than this, 0 to 1.
        looks: Quiet looks at the end that it takes, >= 1.

    Returns:
        The trials `before` the first of the quiet looks at the end; None while the last look was
        loud, or fewer than `looks` have been quiet since.
    """
    quiet = 0
    for look in reversed(changes):
        # Not `>=`: a change that is not a number is no quiet one.
        if not look.change < below:
            break
        quiet += 1
    if quiet == 0 or quiet < looks:
        return None
    return changes[-quiet].before


def refuted(stable: int, trials: int, promised: float) -> bool:
    """Returns whether fresh trials in a region refute the share of stable ones that it promised.

    Args:
        stable: How many were stable.
        trials: How many there were, drawn uniformly from the region.
        promised: The share, in (0, 1).
    """
    # Logarithms, because binomial coefficients of many trials are larger than any float.
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(count + 1)
        - math.lgamma(trials - count + 1)
        + count * math.log(promised)
        + (trials - count) * math.log1p(-promised)
        for count in range(stable + 1)
    )
    return trials > 0 and math.fsum(map(math.exp, logs)) < REFUTED
