"""Edges of a box as numbers that people remember, moved inward only.

Outward would take in trials that no search has vouched for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from analysis.space.coordinates import Coordinate

KEPT = 0.9
"""Share of an interval's trials that must stay inside when its edges are rounded."""

_MANTISSAS = (
    (1.0, 2.0, 3.0, 5.0, 7.0, 10.0),
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0),
    tuple(round(0.1 * tenth, 1) for tenth in range(10, 101)),
)
_STEPS = (20.0, 50.0, 200.0, 1000.0)
"""A linear range is rounded to about this many steps."""


def inward(low: float, high: float, coordinate: Coordinate) -> tuple[float, float]:
    """Moves edges inward to the coarsest readable numbers that keep most trials inside.

    Args:
        low: Smallest number inside, or -inf.
        high: Largest number inside, or +inf.
        coordinate: A range of numbers; +inf among them, an absent limit, is not counted.

    Returns:
        The new edges, between the old ones; the old ones where none would do.
    """
    values = coordinate.values[np.isfinite(coordinate.values)]
    inside = np.count_nonzero((values >= low) & (values <= high))
    for up, down in _ways(coordinate, values):
        first = low if math.isinf(low) else up(low)
        last = high if math.isinf(high) else down(high)
        kept = np.count_nonzero((values >= first) & (values <= last))
        if first <= last and kept >= KEPT * inside:
            return first, last
    return low, high


Way = tuple[Callable[[float], float], Callable[[float], float]]


def _ways(coordinate: Coordinate, values: np.ndarray) -> Iterator[Way]:
    """Yields ways to round up and down, the coarsest first."""
    if coordinate.whole:
        yield (lambda low: float(math.ceil(low))), (lambda high: float(math.floor(high)))
    elif coordinate.log:
        for mantissas in _MANTISSAS:
            yield _by_mantissas(mantissas)
    else:
        for steps in _STEPS:
            yield _by_step(float(values.max() - values.min()) / steps)


def _by_mantissas(mantissas: tuple[float, ...]) -> Way:
    def up(low: float) -> float:
        decade = math.floor(math.log10(low))
        return min(n for m in mantissas if (n := _scaled(m, decade)) >= low * (1 - 1e-12))

    def down(high: float) -> float:
        decade = math.floor(math.log10(high))
        return max(n for m in mantissas if (n := _scaled(m, decade)) <= high * (1 + 1e-12))

    return up, down


def _by_step(about: float) -> Way:
    decade = math.floor(math.log10(about))
    step = max(n for m in (1.0, 2.0, 5.0) if (n := _scaled(m, decade)) <= about * (1 + 1e-9))

    def up(low: float) -> float:
        return float(f"{math.ceil(low / step - 1e-9) * step:.12g}")

    def down(high: float) -> float:
        return float(f"{math.floor(high / step + 1e-9) * step:.12g}")

    return up, down


def _scaled(mantissa: float, decade: int) -> float:
    # Through the decimal text: 3 * 10**-4 is to be 0.0003.
    return float(f"{mantissa}e{decade}")
