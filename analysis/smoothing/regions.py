"""The smoothed probability of stable by cell, beside the raw frequencies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.maps.regions import stability_regions
from analysis.smoothing.axis import Axis
from analysis.smoothing.model import DrawnMap
from analysis.smoothing.smooth_map import smooth_map
from analysis.space.cells import Cells, cells
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE

Floats = NDArray[np.float64]

POINTS = 8
"""A cell of a range is averaged over so many positions."""

_TAILS = np.linspace(0.0, 1.0, 21)


def smoothed_regions(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    weights: str | NDArray[np.float64] | None = None,
    bins: int | None = None,
    confidence: float = CONFIDENCE,
    fitted: DrawnMap | None = None,
) -> pd.DataFrame:
    """Adds to the cells of `stability_regions` a smoothed probability of `stable`.

    Neighbouring cells inform each other, so that the smoothed interval is narrower than Wilson's
    where the map is smooth, and that a cell without a trial has one (a wide one, unless trials
    are near). A cell's probability is the average over it.

    Args:
        trials: Trials table.
        x: A hyperparameter.
        y: Another one; without it, the cells of `x` alone.
        where: Only trials with these values (or lists of values), by hyperparameter.
        weights: What each trial stands for [N], >= 0, or the column that says so; see
            `smooth_map`.
        bins: Bins of a range, see `analysis.space.cells.cells`.
        confidence: Confidence of each interval by itself, in (0, 1).
        fitted: What `smooth_map` or `averaged_map` returned for the same arguments.

    Returns:
        As `stability_regions`, with `smoothed` (posterior mean) and its interval `smoothed_low`,
        `smoothed_high`: the shortest that holds `confidence` of the posterior, so that it reaches
        0 or 1 where nothing speaks against it.

    Raises:
        AnalysisError: If a hyperparameter or verdict is unknown, or a weight is negative.
    """
    fitted = fitted or smooth_map(trials, x, y, where=where, weights=weights)
    trials = uniform_trials(trials)
    table = stability_regions(trials, x, y, where=where, bins=bins, confidence=confidence)
    if table.empty:
        return table.assign(smoothed=[], smoothed_low=[], smoothed_high=[])
    columns = _positions(fitted.prior.x, cells(trials, x, bins=bins))
    rows = _positions(fitted.prior.y, cells(trials, y, bins=bins)) if y else [np.zeros(1)]
    drawn = expit(fitted.draws(np.concatenate(columns), np.concatenate(rows)))
    drawn = _averaged(_averaged(drawn, columns, 1), rows, 2).reshape(len(drawn), -1)
    low, high = shortest_interval(drawn, confidence)
    smoothed = table.assign(smoothed=drawn.mean(axis=0), smoothed_low=low, smoothed_high=high)
    smoothed.attrs = table.attrs
    return smoothed


def shortest_interval(drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Returns the shortest interval [C] of probabilities with this share of the draws [S, C].

    One that leaves out no draw at one end is taken to reach 0, or 1.
    """
    # All intervals of this confidence: the share that is left out below goes from none to all.
    outside = (1 - confidence) * _TAILS
    lows = np.quantile(drawn, outside, axis=0)
    highs = np.quantile(drawn, outside + confidence, axis=0)
    lows[0], highs[-1] = 0.0, 1.0
    best = (highs - lows).argmin(axis=0)
    each = np.arange(drawn.shape[1])
    return lows[best, each], highs[best, each]


def _positions(axis: Axis, divided: Cells) -> list[Floats]:
    """Returns the positions over which each cell is averaged."""
    if axis.names:
        return [np.array([float(level)]) for level in range(len(divided.labels))]
    positions = []
    for low, high in zip(axis.position(divided.lows), axis.position(divided.highs), strict=True):
        if axis.is_range:
            part = (np.arange(POINTS) + 0.5) / POINTS if high > low else np.zeros(1)
            positions.append(low + (high - low) * part)
        else:
            inside = (axis.levels >= low - 1e-9) & (axis.levels < high - 1e-9)
            levels = axis.levels[inside]
            positions.append(levels if len(levels) else np.array([(low + high) / 2]))
    return positions


def _averaged(drawn: Floats, positions: list[Floats], dimension: int) -> Floats:
    """Returns the mean of the logits' probabilities over each cell along one dimension."""
    starts = np.cumsum([0, *(len(part) for part in positions[:-1])])
    sizes = np.array([len(part) for part in positions], dtype=np.float64)
    shape = [1, 1, 1]
    shape[dimension] = -1
    return np.asarray(np.add.reduceat(drawn, starts, axis=dimension) / sizes.reshape(shape))
