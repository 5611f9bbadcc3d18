"""Trials as sufficient statistics on a fine grid of two hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.smoothing.axis import Axis, axis

Floats = NDArray[np.float64]

BINS_ALONE = 256
"""Grid points of a range if the other hyperparameter is none."""

BINS = 72
"""Grid points of each of two ranges."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many trials, and how many stable ones, at each point of a grid.

    A point of a range is the mean of the positions that fell there, so that the grid adds next to
    no error; up to as many different values as grid points are kept as they are.

    Attributes:
        x: First axis.
        y: Second axis.
        x_at: Grid points along x [X].
        y_at: Grid points along y [Y].
        trials: Weighted number of trials [X, Y].
        successes: Weighted number of stable trials [X, Y].
        column: Grid point along x of each trial [N]; -1 if it is left out.
        row: Grid point along y of each trial [N]; -1 if it is left out.
    """

    x: Axis
    y: Axis
    x_at: Floats
    y_at: Floats
    trials: Floats
    successes: Floats
    column: NDArray[np.int64]
    row: NDArray[np.int64]


def count(trials: pd.DataFrame, x: str, y: str | None, *, weights: Floats) -> Counts:
    """Counts trials on the grid; those to which an axis does not apply are left out.

    Args:
        trials: Trials table; `verdict` and the two hyperparameters are read.
        x: A hyperparameter.
        y: Another, or None.
        weights: What each trial counts for [N], >= 0; one of weight 0 is left out.
    """
    along, up = axis(trials, x), axis(trials, y)
    inside = np.isfinite(along.positions) & np.isfinite(up.positions) & (weights > 0)
    fine = BINS if along.is_range and up.is_range else BINS_ALONE
    x_at, column = _grid(along, inside, fine)
    y_at, row = _grid(up, inside, fine)
    shape = (len(x_at), len(y_at))
    cell = column * shape[1] + row
    stable = (trials["verdict"].to_numpy() == "stable")[inside]
    weight = weights[inside]
    return Counts(
        x=along,
        y=up,
        x_at=x_at,
        y_at=y_at,
        trials=_sums(cell, weight, shape),
        successes=_sums(cell, weight * stable, shape),
        column=_spread(column, inside),
        row=_spread(row, inside),
    )


def _sums(cell: NDArray[np.int64], weight: Floats, shape: tuple[int, int]) -> Floats:
    sums = np.bincount(cell, weight, shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64)


def _spread(index: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    full = np.full(len(inside), -1, dtype=np.int64)
    full[inside] = index
    return full


def _grid(axis: Axis, inside: NDArray[np.bool_], bins: int) -> tuple[Floats, NDArray[np.int64]]:
    """Returns the grid points of an axis and the point of each trial inside."""
    positions = axis.positions[inside]
    if not axis.is_range:
        nearest = np.abs(positions[:, None] - axis.levels[None, :]).argmin(axis=1)
        return axis.levels, nearest.astype(np.int64)
    different, index = np.unique(positions, return_inverse=True)
    if len(different) <= bins:
        return (different, index) if len(different) else (np.array([0.5]), index)
    # "none" lies alone beyond the range.
    edge = np.linspace(0.0, 1.0, bins + 1)
    part = np.clip(np.searchsorted(edge, positions, side="right") - 1, 0, bins - 1)
    part = np.where(positions > 1 + 1e-9, bins, part)
    used, index = np.unique(part, return_inverse=True)
    size = np.bincount(index)
    return np.bincount(index, positions) / size, index.astype(np.int64)
