"""Hyperparameters of every kind as the columns that a kernel measures distances in.

N settings, C columns of one hyperparameter, D columns of all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NO_NAME = -1
"""Code of a value that is a number, or of a hyperparameter that does not apply."""

_MIDDLE = 0.5
"""Position of a hyperparameter that does not apply; a column of its own tells it apart."""

_LARGEST_STEP = 1 / 3


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One hyperparameter: numbers, names, or both (`none` beside numbers).

    A number lies at a position: 0 at the first knot, 1 at the last, evenly from knot to knot, so
    that a person's list (2, 4, 8, 16) is evenly spaced, and a number between or beyond is found
    by the straight line. Each name has a column of its own that is 1 where it is the value.

    Attributes:
        name: The hyperparameter.
        knots: Finite numbers, ascending, at least two; or none, where all values are names. The
            ends of a range, or the numbers of a list.
        log: Whether logarithms of the numbers are taken; then all knots are > 0.
        names: Values that are no numbers, such as tanh, or none.
        optional: Whether it does not apply to some settings.
    """

    name: str
    knots: tuple[float, ...] = ()
    log: bool = False
    names: tuple[str, ...] = ()
    optional: bool = False

    @property
    def beyond(self) -> float:
        """Position of names among numbers: one step beyond the last, since none is no limit."""
        return 1.0 + min(_LARGEST_STEP, 1.0 / max(len(self.knots) - 1, 1))

    @property
    def is_position(self) -> list[bool]:
        """Which of its columns [C] is a position; the others are 0 or 1."""
        return [True] * bool(self.knots) + [False] * (len(self.names) + self.optional)

    def columns(self, numbers: Floats, codes: Integers) -> Floats:
        """Returns the columns [N, C] of values.

        Args:
            numbers: The numbers [N]; NaN where a value is none.
            codes: Indices in `names` [N]; `NO_NAME` where a value is no name.
        """
        named = codes != NO_NAME
        absent = np.isnan(numbers) & ~named
        parts = []
        if self.knots:
            position = np.where(named, self.beyond, self._positions(numbers))
            parts.append(np.where(absent, _MIDDLE, position))
        parts.extend((codes == code).astype(np.float64) for code in range(len(self.names)))
        if self.optional:
            parts.append(absent.astype(np.float64))
        return np.column_stack(parts)

    def _positions(self, numbers: Floats) -> Floats:
        knots = np.array(self.knots)
        if self.log:
            # What is not positive lies far below: no such number was asked for in a log range.
            positive = np.maximum(numbers, knots[0] * 1e-6)
            numbers, knots = np.log(positive), np.log(knots)
        last = len(knots) - 1
        left = np.clip(np.searchsorted(knots, numbers, side="right") - 1, 0, last - 1)
        step = (numbers - knots[left]) / (knots[left + 1] - knots[left])
        return (left + step) / last


@dataclass(frozen=True)
class Encoder:
    """The columns of a whole search space.

    Attributes:
        axes: Hyperparameters, in the order of their columns.
        is_position: Which of the columns [D] are positions, see `Axis.is_position`.
        owner: Index of the axis of each column [D].
    """

    axes: tuple[Axis, ...]
    is_position: NDArray[np.bool_] = field(init=False)
    owner: Integers = field(init=False)

    def __post_init__(self) -> None:
        kinds = [kind for axis in self.axes for kind in axis.is_position]
        owner = [i for i, axis in enumerate(self.axes) for _ in axis.is_position]
        object.__setattr__(self, "is_position", np.array(kinds, dtype=bool))
        object.__setattr__(self, "owner", np.array(owner, dtype=np.int64))

    @property
    def groups(self) -> list[slice]:
        """The columns of each axis."""
        ends = list(accumulate(len(axis.is_position) for axis in self.axes))
        return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    def columns(self, values: Mapping[str, tuple[Floats, Integers]], count: int) -> Floats:
        """Returns the columns [N, D] of settings.

        Args:
            values: By hyperparameter the numbers and codes that `Axis.columns` takes; one that is
                left out does not apply anywhere.
            count: Number of settings N.
        """
        absent = (np.full(count, np.nan), np.full(count, NO_NAME))
        parts = [axis.columns(*values.get(axis.name, absent)) for axis in self.axes]
        return np.hstack(parts) if parts else np.zeros((count, 0))

    def of_settings(self, settings: Sequence[Mapping[str, Any]]) -> Floats:
        """Returns the columns [N, D] of settings given as values by name."""
        values = {}
        for axis in self.axes:
            coded = [_coded(axis, each.get(axis.name)) for each in settings]
            numbers = np.array([number for number, _ in coded], dtype=np.float64)
            values[axis.name] = (numbers, np.array([code for _, code in coded], dtype=np.int64))
        return self.columns(values, len(settings))


def is_number(value: object) -> bool:
    """Returns whether a value is a finite number; switches and `none` are names."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return False
    return math.isfinite(float(value))


def name_of(value: object) -> str:
    """Returns the text of a value that is no number; an infinite limit is `none`."""
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return "none"
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def _coded(axis: Axis, value: object) -> tuple[float, int]:
    """Returns a value's number and code; an unknown name is as if the axis did not apply."""
    if value is None and "none" not in axis.names:
        return math.nan, NO_NAME
    if axis.knots and is_number(value):
        return float(value), NO_NAME  # type: ignore[arg-type]
    text = name_of(value) if not is_number(value) else f"{value}"
    return math.nan, axis.names.index(text) if text in axis.names else NO_NAME
