"""Hyperparameters as the numbers that a model splits on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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

Features = Callable[[Mapping[str, Any]], Sequence[float]]
"""Computes further columns from hyperparameters."""

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
        """Returns where the value lies; beyond 0 and 1 for one of an earlier, wider range."""
        number = float(value)
        if self.log:
            number = math.log(number) if number > 0 else self.low
        if self.high <= self.low:
            return (0.0,)
        return ((number - self.low) / (self.high - self.low),)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Names, one column each, behind one column that orders those choices that are numbers.

    Attributes:
        ranks: Positions 0 to 1 of the choices that are numbers, evenly by rank; empty where
            fewer than two are, which are then names.
        names: The other choices.
    """

    ranks: Mapping[Any, float]
    names: tuple[Any, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return bool(self.ranks) + len(self.names)

    @property
    def scales(self) -> tuple[float, ...]:
        """Weight of each column in distances."""
        return (RANGE_SCALE,) * bool(self.ranks) + (NAME_SCALE,) * len(self.names)

    def positions(self, value: Any) -> Sequence[float]:
        """Returns the rank of a number, and 1 in a name's column; an unknown choice is no name."""
        columns = [1.0 if value == name else 0.0 for name in self.names]
        if self.ranks:
            columns.insert(0, BEYOND if _is_name(value) else self.ranks.get(value, BEYOND))
        return columns


class Encoder:
    """The columns of a search space.

    Args:
        axes: Distributions by name.

    Attributes:
        axes: Distributions, sorted by name.
        width: Number of columns.
        scales: Weight of each column in distances [width].
    """

    def __init__(self, axes: Mapping[str, BaseDistribution]) -> None:
        self.axes = dict(sorted(axes.items()))
        self._parts = {name: _part(axis) for name, axis in self.axes.items()}
        self.width = sum(each.width for each in self._parts.values())
        scales = [scale for each in self._parts.values() for scale in each.scales]
        self.scales: Floats = np.array(scales)

    def row(self, params: Mapping[str, Any]) -> list[float]:
        """Returns one setting [width]; hyperparameters that it lacks are a level of their own."""
        row: list[float] = []
        for name, part in self._parts.items():
            if name in params:
                row.extend(part.positions(params[name]))
            else:
                row.extend([MISSING] * part.width)
        return row


class TrialRows:
    """The scaled columns of trials and candidates; those of a trial are computed once.

    Args:
        axes: Distributions by name.
        features: Computes further columns, which follow; None for none.
    """

    def __init__(self, axes: Mapping[str, BaseDistribution], features: Features | None) -> None:
        self._encoder = Encoder(axes)
        self._features = features
        self._by_number: dict[int, Floats] = {}

    @property
    def axes(self) -> dict[str, BaseDistribution]:
        """Distributions by name, sorted."""
        return self._encoder.axes

    def of_trial(self, number: int, params: Mapping[str, Any]) -> Floats:
        """Returns the columns [D] of the trial of this number."""
        if number not in self._by_number:
            self._by_number[number] = self.of(params)
        return self._by_number[number]

    def of(self, params: Mapping[str, Any]) -> Floats:
        """Returns the columns [D] of any setting."""
        row = np.array(self._encoder.row(params)) * self._encoder.scales
        if self._features is not None:
            row = np.concatenate([row, self._features(params)])
        return row


def _part(axis: BaseDistribution) -> Range | Choices:
    if isinstance(axis, CategoricalDistribution):
        numbers = sorted(choice for choice in set(axis.choices) if not _is_name(choice))
        if len(numbers) < 2:
            return Choices(ranks={}, names=tuple(axis.choices))
        ranks = {number: rank / (len(numbers) - 1) for rank, number in enumerate(numbers)}
        names = tuple(choice for choice in axis.choices if _is_name(choice))
        return Choices(ranks=ranks, names=names)
    assert isinstance(axis, (FloatDistribution, IntDistribution))
    low, high = float(axis.low), float(axis.high)
    if axis.log:
        low, high = math.log(low), math.log(high)
    return Range(low=low, high=high, log=axis.log)


def _is_name(choice: object) -> bool:
    if isinstance(choice, bool) or not isinstance(choice, (int, float)):
        return True
    return not math.isfinite(choice)
