"""The boundary of stability as a band, never one line.

1. Draws of the logit from the posterior, on a grid of positions (`Smooth.draws`).
2. A score at each grid point: how certain the sign of the logit is, in standard deviations.
3. For each draw, the largest |score| that its own zero line passes through (`_farthest`).
4. The limit is the `confidence` quantile of these: {|score| <= limit} then holds the whole zero
   line of that share of the draws, which is what makes the band simultaneous.
5. Runs of grid points inside the limit are the band's pieces, level of y by level (`pieces`).

S draws, X positions along x, Y along y.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.labels import number_label
from analysis.smoothing.axis import Axis
from analysis.smoothing.model import DrawnMap
from analysis.smoothing.pieces import Line, pieces
from analysis.smoothing.smooth_map import smooth_map
from analysis.space.cells import ordered_labels
from analysis.stats.intervals import CONFIDENCE

Floats = NDArray[np.float64]

FINE = 201
"""Positions along x at which the logit is evaluated; between them it is taken to be straight."""

ROWS = 25
"""Positions along y, if y is a range."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Where it is unclear which of stable and failing trials is more frequent.

    Attributes:
        x_at: Positions along x [X].
        y_at: Positions along y [Y].
        score: How certain it is that more than half are stable [X, Y]: mean over standard
            deviation of arcsinh of the logit; positive where it is more likely than not.
        limit: The band is where |score| is at most this.
    """

    x_at: Floats
    y_at: Floats
    score: Floats
    limit: float


def boundary_band(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    weights: str | NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
    fitted: DrawnMap | None = None,
) -> pd.DataFrame:
    """Finds the band in which the line of 50 % stable trials lies, all of it at once.

    In `confidence` of the posterior, the whole boundary (at every y) is inside of the band. It
    is the set of positions where the sign of the logit is less certain than a limit, and the limit
    is the least that holds the whole zero line of so many posterior draws.

    Args:
        trials: Trials table.
        x: A hyperparameter that is a number.
        y: Another one, or None.
        where: Only trials with these values (or lists of values), by hyperparameter.
        weights: What each trial stands for [N], >= 0, or the column that says so; see
            `smooth_map`.
        confidence: Posterior probability that the whole boundary lies in the band, in (0, 1).
        fitted: What `smooth_map` or `averaged_map` returned for the same arguments.

    Returns:
        One row a piece of the band at a level of y (`ROWS` levels, if y is a range), from small
        to large x, two rows where one piece is crossed twice: `y` (ordered label), `y_value` (NaN
        for names), `low`, `high` (ends along x; 0 or -inf and +inf where the band goes on beyond
        what was tried), `estimate` (where the posterior is even; NaN if nowhere inside), `stable`
        ("below", "above", "neither" or "both": on which side of the piece most trials are stable).
        A level without a row has no boundary. `attrs`: `x`, `y`, `confidence`.

    Raises:
        AnalysisError: If `x` holds names, a hyperparameter or verdict is unknown, or a weight is
            negative.

    References:
        Bolin, Lindgren, Excursion and contour uncertainty regions for latent Gaussian models,
        JRSS B 2015.
    """
    fitted = fitted or smooth_map(trials, x, y, where=where, weights=weights)
    if fitted.prior.x.names:
        raise AnalysisError(f"a boundary needs numbers, but {x} holds names")
    unclear = doubt(fitted, confidence=confidence)
    up = fitted.prior.y
    values = np.full(len(unclear.y_at), np.nan) if up.names else up.value(unclear.y_at)
    labels = up.labels if not up.is_range else [number_label(v, digits=3) for v in values]
    inside = np.abs(unclear.score) <= unclear.limit
    if up.is_range:
        # A smooth map rounds corners off: where the line runs along x it is in the next row too.
        inside = inside | _next_to(inside)
    rows = [
        {"level": level, "y_value": values[level], **piece}
        for level in range(len(unclear.y_at))
        for piece in pieces(
            Line(x_at=unclear.x_at, score=unclear.score[:, level], limit=unclear.limit),
            inside[:, level],
            fitted.prior.x,
        )
    ]
    columns = ["level", "y_value", "low", "high", "estimate", "stable"]
    frame = pd.DataFrame(rows, columns=columns)
    level = frame.pop("level").to_numpy(dtype=np.int64)
    frame.insert(0, "y", ordered_labels(labels, level))
    frame.attrs = {"x": x, "y": y, "confidence": confidence}
    return frame


def doubt(
    fitted: DrawnMap,
    *,
    confidence: float = CONFIDENCE,
    x_at: Floats | None = None,
    y_at: Floats | None = None,
) -> Doubt:
    """Finds where the boundary may lie, on a grid of positions.

    Args:
        fitted: The smoothed map.
        confidence: Posterior probability that the whole boundary lies inside, in (0, 1).
        x_at: Positions along x; by default `FINE` of a range, or the levels.
        y_at: Positions along y; by default `ROWS` of a range, or the levels.
    """
    x_at = _default(fitted.prior.x, FINE) if x_at is None else x_at
    y_at = _default(fitted.prior.y, ROWS) if y_at is None else y_at
    drawn = fitted.draws(x_at, y_at)
    # Far inside a region the logit goes up to anything but not below 0: its logarithm says how
    # certain the sign is, the logit itself does not.
    squeezed = np.arcsinh(drawn)
    score = squeezed.mean(axis=0) / squeezed.std(axis=0)
    farthest = np.zeros(len(drawn))
    # Between two names there is no position at which a line could cross.
    for dimension, axis in ((1, fitted.prior.x), (2, fitted.prior.y)):
        if not axis.names:
            farthest = np.maximum(farthest, _farthest(score, drawn, dimension))
    # At least where the interval of each position by itself straddles 50 %: with next to no trials
    # the score is all noise.
    alone = NormalDist().inv_cdf(0.5 + confidence / 2)
    limit = max(float(np.quantile(farthest, confidence)), alone)
    return Doubt(x_at=x_at, y_at=y_at, score=score, limit=limit)


def _default(axis: Axis, number: int) -> Floats:
    return np.linspace(0.0, 1.0, number) if axis.is_range else axis.levels


def _farthest(score: Floats, drawn: Floats, dimension: int) -> Floats:
    """Returns the largest |score| on each draw's zero line along one dimension [S]."""
    first, second = (
        np.moveaxis(drawn, dimension, 1)[:, :-1],
        np.moveaxis(drawn, dimension, 1)[:, 1:],
    )
    along = np.moveaxis(score, dimension - 1, 0)
    crossing = (first > 0) != (second > 0)
    draw, at, line = np.nonzero(crossing)
    # The zero lies the share `part` of the way to the next point; the score there, as straight.
    part = first[draw, at, line] / (first[draw, at, line] - second[draw, at, line])
    reached = np.abs(along[at, line] * (1 - part) + along[at + 1, line] * part)
    farthest = np.zeros(len(drawn))
    np.maximum.at(farthest, draw, reached)
    return farthest


def _next_to(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns which grid points [X, Y] have one inside in the row before or after."""
    near = np.zeros_like(inside)
    near[:, 1:] |= inside[:, :-1]
    near[:, :-1] |= inside[:, 1:]
    return near
