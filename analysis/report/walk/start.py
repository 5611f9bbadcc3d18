"""Where the walk begins: which two hyperparameters, and at which setting."""

from __future__ import annotations

import numpy as np

from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import regions
from analysis.report.findings.setting import recommended_setting
from analysis.report.walk.axes import WalkAxis, walk_axes
from analysis.space.axes import is_numeric
from analysis.space.coordinates import Coordinate

Axes = list[tuple[WalkAxis, Coordinate]]


def space(evidence: Evidence) -> Axes:
    """Returns the hyperparameters that vary, as the walkable map has them."""
    return walk_axes(evidence.trials)


def start_axes(evidence: Evidence) -> tuple[int, int] | None:
    """Returns the indices of the axes along and up the first map; None if fewer than two vary."""
    names = [axis.name for axis, _ in evidence.of(space)]
    if len(names) < 2:
        return None
    pairs = [(table.attrs["x"], table.attrs["y"]) for table in evidence.of(regions)]
    pairs = [pair for pair in pairs if pair[1]]
    if evidence.maps and pairs:
        return names.index(pairs[0][0]), names.index(pairs[0][1])
    # The map that people of the field ask for first, then the most telling one.
    usual = [("learning_rate", "depth")] if {"learning_rate", "depth"} <= set(names) else []
    x, y = [*usual, *pairs, (names[0], names[1])][0]
    return names.index(x), names.index(y)


def start_setting(evidence: Evidence) -> list[float | None]:
    """Returns the recommended setting: the index of an entry of a list, the number of a range."""
    values = evidence.of(recommended_setting)
    return [_of(axis, values[axis.name], evidence) for axis, _ in evidence.of(space)]


def _of(axis: WalkAxis, value: object, evidence: Evidence) -> float | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return 0.0 if axis.listed else axis.low
    if axis.names is not None:
        text = str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)
        return axis.names.index(text)
    assert is_numeric(evidence.trials[axis.name])
    number = float(str(value))
    if axis.numbers is None:
        return number if np.isfinite(number) else axis.high
    levels = [np.inf if each is None else each for each in axis.numbers]
    return (
        levels.index(number)
        if number in levels
        else int(np.abs(np.array(levels) - number).argmin())
    )
