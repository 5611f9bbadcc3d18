"""A hyperparameter as a line along which the probability of stable changes smoothly."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.labels import number_label
from analysis.space.axes import choices, entry, is_log, is_numeric
from analysis.space.cells import cells

Floats = NDArray[np.float64]

MAX_LEVELS = 24
"""Numbers with more different values than this count as a range."""

_NODES = 40


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One hyperparameter; positions are 0 to 1 along a range, or whole numbers for names.

    Attributes:
        name: The hyperparameter; "" for no hyperparameter, whose only position is 0.
        names: Whether its values are names, any two of which are equally near.
        labels: Readable names of the levels [L]; empty for a range.
        levels: Positions of the levels [L]; empty for a range.
        low: Smallest number.
        high: Largest finite number.
        log: Whether positions are linear in the logarithm.
        top: Position of +inf ("none"), one level beyond the largest number.
        positions: Position of each trial [N]; NaN where the hyperparameter does not apply.
    """

    name: str
    names: bool
    labels: tuple[str, ...]
    levels: Floats
    low: float
    high: float
    log: bool
    top: float
    positions: Floats

    @property
    def is_range(self) -> bool:
        """Whether there are more values than could be listed."""
        return not len(self.levels)

    @cached_property
    def nodes(self) -> Floats:
        """Positions at which the prior is stated [M]."""
        if not self.is_range:
            return self.levels
        return np.linspace(0.0, max(1.0, np.nanmax(self.positions, initial=1.0)), _NODES)

    def position(self, values: ArrayLike) -> Floats:
        """Returns the positions of numbers; those beyond the range are outside of [0, 1]."""
        numbers = np.asarray(values, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.low == self.high:
                positions = np.where(np.isnan(numbers), np.nan, 0.0)
            elif self.log:
                positions = np.log(numbers / self.low) / math.log(self.high / self.low)
            else:
                positions = (numbers - self.low) / (self.high - self.low)
        return np.where(np.isposinf(numbers), self.top, positions)

    def value(self, positions: ArrayLike) -> Floats:
        """Returns the numbers at positions."""
        part = np.asarray(positions, dtype=np.float64)
        if self.log and self.low < self.high:
            numbers = self.low * (self.high / self.low) ** part
        else:
            numbers = self.low + (self.high - self.low) * part
        unlimited = (part >= self.top - 1e-9) & (self.top > 1)
        return np.asarray(np.where(unlimited, np.inf, numbers))


def axis(trials: pd.DataFrame, name: str | None) -> Axis:
    """Makes the axis of a hyperparameter; of None, one on which all trials lie at 0.

    A range runs from end to end as the study file states it. Of listed numbers (and of ranges of
    which the file says nothing) that scale is taken, linear or logarithmic, on which they lie
    more evenly.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    if name is None:
        return _levels("", ("",), np.zeros(1), np.zeros(len(trials)), names=True)
    stated = entry(trials, name)
    if not is_numeric(trials[name]):
        named = cells(trials, name)
        positions = np.where(named.index < 0, np.nan, named.index.astype(np.float64))
        levels = np.arange(len(named.labels), dtype=np.float64)
        return _levels(name, named.labels, levels, positions, names=True)
    values = trials[name].to_numpy(dtype=np.float64, na_value=np.nan)
    listed = np.array([float(str(choice)) for choice in choices(trials, name)], dtype=np.float64)
    numbers = np.unique(np.concatenate([values[~np.isnan(values)], listed]))
    finite = numbers[np.isfinite(numbers)]
    ends = [float(stated[key]) for key in ("low", "high") if key in stated]  # type: ignore[arg-type]
    low = min([*finite.tolist()[:1], *ends], default=0.0)
    high = max([*finite.tolist()[-1:], *ends], default=low)
    log = bool(stated.get("log", _is_even_in_log(finite))) and low > 0
    # "none" lies one average step beyond the largest number: near the loosest limit, but no limit.
    gap = 1 / max(len(finite) - 1, 2)
    numeric = Axis(
        name=name,
        names=False,
        labels=(),
        levels=np.empty(0),
        low=low,
        high=high,
        log=log,
        top=1 + gap if low < high else 1.0,
        positions=np.empty(0),
    )
    positions = numeric.position(values)
    if stated.get("kind") == "range" and not _is_whole(finite) or len(numbers) > MAX_LEVELS:
        return replace(numeric, positions=positions)
    labels = tuple(number_label(number, digits=4) for number in numbers)
    levels = numeric.position(numbers)
    return replace(numeric, labels=labels, levels=levels, positions=positions)


def _levels(
    name: str, labels: tuple[str, ...], levels: Floats, positions: Floats, *, names: bool
) -> Axis:
    return Axis(
        name=name,
        names=names,
        labels=labels,
        levels=levels,
        low=0.0,
        high=0.0,
        log=False,
        top=0.0,
        positions=positions,
    )


def _is_whole(numbers: Floats) -> bool:
    return bool(np.all(numbers == np.round(numbers)))


def _is_even_in_log(numbers: Floats) -> bool:
    if len(numbers) < 2 or numbers[0] <= 0:
        return False
    if len(numbers) > MAX_LEVELS:
        return is_log({}, float(numbers[0]), float(numbers[-1]))
    # The smallest step over the largest: 1 if numbers are evenly spaced.
    linear, log = np.diff(numbers), np.diff(np.log(numbers))
    return bool(log.min() / log.max() > linear.min() / linear.max() * (1 + 1e-9))
