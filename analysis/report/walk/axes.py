"""The hyperparameters of the walkable map: how each lies along an axis, a slider or a list."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.labels import number_label
from analysis.space.axes import entry
from analysis.space.coordinates import Coordinate, coordinates
from analysis.space.owners import dependents

MAX_LISTED = 24
"""Up to so many different numbers are a list; of more, an axis is a range."""

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WalkAxis:
    """One hyperparameter.

    Attributes:
        name: As the study file has it.
        label: As people read it.
        names: The names of a list of names; None of numbers.
        numbers: The numbers of a list, +inf (no limit) as None; None of names and of ranges.
        labels: What stands at the entries of a list.
        low: Lower end of a range.
        high: Upper end of a range.
        log: Whether a range is logarithmic.
        whole: Whether a range holds whole numbers alone.
        owner: Index of the axis that decides whether it applies; -1 if it always does.
        when: Indices of the owner's entries for which it applies.
    """

    name: str
    label: str
    names: tuple[str, ...] | None = None
    numbers: tuple[float | None, ...] | None = None
    labels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    owner: int = -1
    when: tuple[int, ...] = ()

    @property
    def listed(self) -> bool:
        """Whether it is a list, rather than a range."""
        return bool(self.labels)

    def position(self, value: float) -> float:
        """Returns where a value lies along the axis, in [0, 1]; of a list, an index."""
        if self.listed:
            return (value + 0.5) / len(self.labels)
        if self.low == self.high:
            return 0.5
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def samples(self, most: int) -> list[object]:
        """Returns the values of a list, or `most` evenly spaced numbers of a range."""
        if self.names is not None:
            return list(self.names)
        if self.numbers is not None:
            return [math.inf if each is None else each for each in self.numbers]
        parts = [(index + 0.5) / most for index in range(most)]
        if self.log:
            return [self.low * (self.high / self.low) ** part for part in parts]
        return [self.low + part * (self.high - self.low) for part in parts]

    def ticks(self) -> list[tuple[float, str]]:
        """Returns where labels stand along the axis, at most about six."""
        if self.listed:
            stride = math.ceil(len(self.labels) / 12)
            return [(self.position(i), text) for i, text in enumerate(self.labels)][::stride]
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            powers = range(first, last + 1, max(1, math.ceil((last - first) / 5)))
            if len(powers) > 1:
                return [(self.position(10.0**p), number_label(10.0**p)) for p in powers]
        ends = [self.low + part * (self.high - self.low) for part in (0, 0.25, 0.5, 0.75, 1)]
        return [(self.position(end), number_label(end)) for end in ends]

    def to_dict(self) -> dict[str, object]:
        """Returns JSON values."""
        return asdict(self)

    def column(self, coordinate: Coordinate) -> list[float | None]:
        """Returns where trials lie: indices of a list, numbers of a range; None where it does not
        apply."""
        values = coordinate.values
        if self.names is not None:
            return [None if np.isnan(value) else int(value) for value in values]
        if self.numbers is None:
            return rounded(values, 4)
        levels = np.array([np.inf if each is None else each for each in self.numbers])
        order = np.argsort(levels)
        at = order[np.searchsorted(levels, values, sorter=order).clip(max=len(levels) - 1)]
        return [None if np.isnan(v) else int(p) for v, p in zip(values, at, strict=True)]


def walk_axes(trials: pd.DataFrame) -> list[tuple[WalkAxis, Coordinate]]:
    """Returns the hyperparameters that vary, each with its coordinates of the trials."""
    known = coordinates(trials)
    axes = [_axis(trials, each) for each in known]
    index = {each.name: place for place, each in enumerate(known)}
    for owner, owned in dependents(known).items():
        for name in owned:
            when = known[index[owner]].values[~np.isnan(known[index[name]].values)]
            axes[index[name]] = replace(
                axes[index[name]],
                owner=index[owner],
                when=tuple(int(each) for each in np.unique(when[~np.isnan(when)])),
            )
    return list(zip(axes, known, strict=True))


def _axis(trials: pd.DataFrame, coordinate: Coordinate) -> WalkAxis:
    name, label = coordinate.name, coordinate.name.replace("_", " ")
    if coordinate.names is not None:
        return WalkAxis(name=name, label=label, names=coordinate.names, labels=coordinate.names)
    distinct = np.unique(coordinate.values[~np.isnan(coordinate.values)])
    finite = distinct[np.isfinite(distinct)]
    if coordinate.levels is not None or len(distinct) <= 2 or not len(finite):
        return _list(name, label, coordinate.levels if coordinate.levels is not None else distinct)
    if len(finite) < len(distinct) and len(distinct) <= MAX_LISTED:
        return _list(name, label, distinct)
    stated = entry(trials, name)
    ends = (stated.get("low"), stated.get("high"))
    low, high = (
        float(given) if isinstance(given, (int, float)) else float(seen)
        for given, seen in zip(ends, (finite[0], finite[-1]), strict=True)
    )
    return WalkAxis(
        name=name,
        label=label,
        low=min(low, float(finite[0])),
        high=max(high, float(finite[-1])),
        log=coordinate.log and low > 0,
        whole=coordinate.whole,
    )


def _list(name: str, label: str, levels: Values) -> WalkAxis:
    return WalkAxis(
        name=name,
        label=label,
        numbers=tuple(float(each) if np.isfinite(each) else None for each in levels),
        labels=tuple(number_label(float(each), digits=3) for each in levels),
    )


def rounded(values: Values, digits: int) -> list[float | None]:
    """Rounds to significant digits, so that a page stays small; None of what is not finite."""
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    texts = np.char.mod(f"%.{digits - 1}e", np.where(finite, values, 0.0))
    return [
        float(text) if there else None for text, there in zip(texts.tolist(), finite, strict=True)
    ]
