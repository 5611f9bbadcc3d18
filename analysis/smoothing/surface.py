"""The smoothed map as it is drawn: finer than the cells, in their coordinates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.smoothing.axis import Axis
from analysis.smoothing.band import doubt
from analysis.smoothing.model import DrawnMap
from analysis.smoothing.smooth_map import smooth_map
from analysis.space.cells import Cells, cells, ordered_labels
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE

Floats = NDArray[np.float64]

SURE = ("stable", "boundary", "failing")
"""What the map says of a position: more than half stable, unclear, or fewer, with confidence."""


def smoothed_surface(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    bins: int | None = None,
    parts: tuple[int, int] = (8, 4),
    confidence: float = CONFIDENCE,
    fitted: DrawnMap | None = None,
) -> pd.DataFrame:
    """Evaluates the probability of `stable` and the boundary's band on a fine grid.

    Args:
        trials: Trials table.
        x: A hyperparameter.
        y: Another one, or None.
        where: Only trials with these values (or lists of values), by hyperparameter.
        bins: Bins of a range, see `analysis.space.cells.cells`.
        parts: Into how many parts each bin is divided, along x and along y.
        confidence: Posterior probability that the whole boundary lies in the band, in (0, 1).
        fitted: What `smooth_map` or `averaged_map` returned for the same arguments.

    Returns:
        One row a grid point, those of one x together: `x`, `y` (labels of the cell it is in),
        `x_place`, `y_place` (in cells: the first cell reaches from -0.5 to 0.5), `probability`
        (posterior mean), `sure` (one of `SURE`; "boundary" is the band of `boundary_band`).
        `attrs`: `x`, `y`, `confidence`.

    Raises:
        AnalysisError: If a hyperparameter or verdict is unknown.
    """
    fitted = fitted or smooth_map(trials, x, y, where=where)
    trials = uniform_trials(trials)
    columns = cells(trials, x, bins=bins)
    rows = cells(trials, y, bins=bins) if y is not None else None
    x_cell, x_place, x_at = _fine(fitted.prior.x, columns, parts[0])
    y_cell, y_place, y_at = _fine(fitted.prior.y, rows, parts[1])
    unclear = doubt(fitted, confidence=confidence, x_at=x_at, y_at=y_at)
    probability = expit(fitted.draws(x_at, y_at)).mean(axis=0).ravel()
    score = unclear.score.ravel()
    sure = np.where(np.abs(score) <= unclear.limit, 1, np.where(score > 0, 0, 2))
    frame = pd.DataFrame(
        {
            "x": ordered_labels(columns.labels, np.repeat(x_cell, len(y_cell))),
            "y": ordered_labels(rows.labels if rows else ("",), np.tile(y_cell, len(x_cell))),
            "x_place": np.repeat(x_place, len(y_place)),
            "y_place": np.tile(y_place, len(x_place)),
            "probability": probability,
            "sure": ordered_labels(SURE, sure.astype(np.int64)),
        }
    )
    frame.attrs = {"x": x, "y": y, "confidence": confidence}
    return frame


def surface_shares(surface: pd.DataFrame) -> dict[str, float]:
    """Returns the shares of a map's area by what it says of them, one for each of `SURE`.

    Args:
        surface: What `smoothed_surface` returned.
    """
    area = np.ones(len(surface))
    for axis in ("x_place", "y_place"):
        middles, index = np.unique(surface[axis].to_numpy(), return_inverse=True)
        area *= np.diff(part_edges(middles))[index]
    total = pd.Series(area).groupby(surface["sure"].to_numpy()).sum() / area.sum()
    return {name: float(total.get(name, 0.0)) for name in SURE}


def part_edges(middles: Floats) -> Floats:
    """Returns edges [C + 1] of parts that adjoin, from their middles [C]; the first is -0.5."""
    edges = [-0.5]
    # Each part reaches as far beyond its middle as it begins before it.
    for middle in middles:
        edges.append(2 * middle - edges[-1])
    return np.array(edges)


def _fine(
    axis: Axis, divided: Cells | None, parts: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Returns the cell of each part, its middle in cells, and its position on the axis."""
    if divided is None:
        return np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1)
    if axis.names:
        each = np.arange(len(divided.labels))
        return each, each.astype(np.float64), each.astype(np.float64)
    cell, middle, at = [], [], []
    low, high = axis.position(divided.lows), axis.position(divided.highs)
    for number in range(len(divided.labels)):
        # A single number has no width to divide.
        pieces = parts if high[number] > low[number] else 1
        part = (np.arange(pieces) + 0.5) / pieces
        cell.append(np.full(pieces, number))
        middle.append(number - 0.5 + part)
        at.append(low[number] + (high[number] - low[number]) * part)
    return np.concatenate(cell), np.concatenate(middle), np.concatenate(at)
