"""Hyperparameters as the numbers that a model splits on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Floats = NDArray[np.float64]

RANGE_SCALE, NAME_SCALE = 3.0, 0.5
"""Weight of a whole range, and of a name, in distances: most names change a verdict less."""

MISSING = -0.5
"""Position of a hyperparameter that does not apply: a level of its own, off the range."""

BEYOND = 1.5
"""Position of a choice that is no number, such as `none`, among choices that are."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers between two bounds, at 0 to 1.

    Attributes:
        low: Position 0, its logarithm where ``log``.
        high: Position 1.
        log: Whether positions are linear in the logarithm.
    """

    low: float
    high: float
    log: bool

    width = 1
    scales = (RANGE_SCALE,)

    def positions(self, value: Any) -> Sequence[float]:
        """Where the value lies; beyond 0 and 1 for one of an earlier, wider range."""
        number = float(value)
        if self.log:
            number = math.log(number) if number > 0 else self.low
        if self.high <= self.low:
            return (0.0,)
        return ((number - self.low) / (self.high - self.low),)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Names, one column each, behind one column that orders those choices that are numbers."""

    ranks: Mapping[Any, float]
    names: tuple[Any, ...]

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return bool(self.ranks) + len(self.names)

    @property
    def scales(self) -> tuple[float, ...]:
        """Of each column in distances."""
        return (RANGE_SCALE,) * bool(self.ranks) + (NAME_SCALE,) * len(self.names)

    def positions(self, value: Any) -> Sequence[float]:
        """The rank of a number; 1 in the column of a name. An unknown choice is no name."""
        columns = [1.0 if value == name else 0.0 for name in self.names]
        if self.ranks:
            columns.insert(0, BEYOND if _is_name(value) else self.ranks.get(value, BEYOND))
        return columns


class Encoder:
    """The columns of a search space.

    Args:
        axes: Distributions by name.
    """

    def __init__(self, axes: Mapping[str, BaseDistribution]) -> None:
        self.axes = dict(sorted(axes.items()))
        self._parts = {name: _part(axis) for name, axis in self.axes.items()}
        self.width = sum(each.width for each in self._parts.values())
        scales = [scale for each in self._parts.values() for scale in each.scales]
        self.scales: Floats = np.array(scales)

    def row(self, params: Mapping[str, Any]) -> list[float]:
        """One setting [width]; hyperparameters that it lacks are a level of their own."""
        row: list[float] = []
        for name, part in self._parts.items():
            if name in params:
                row.extend(part.positions(params[name]))
            else:
                row.extend([MISSING] * part.width)
        return row


def _part(axis: BaseDistribution) -> Range | Choices:
    if isinstance(axis, CategoricalDistribution):
        numbers = sorted(one for one in set(axis.choices) if not _is_name(one))
        if len(numbers) < 2:
            return Choices(ranks={}, names=tuple(axis.choices))
        ranks = {one: place / (len(numbers) - 1) for place, one in enumerate(numbers)}
        return Choices(ranks=ranks, names=tuple(one for one in axis.choices if _is_name(one)))
    assert isinstance(axis, (FloatDistribution, IntDistribution))
    low, high = float(axis.low), float(axis.high)
    if axis.log:
        low, high = math.log(low), math.log(high)
    return Range(low=low, high=high, log=axis.log)


def _is_name(choice: object) -> bool:
    if isinstance(choice, bool) or not isinstance(choice, (int, float)):
        return True
    return not math.isfinite(choice)
