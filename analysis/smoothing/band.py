"""The boundary of stability as a band, never one line.

1. Draws of the logit from the posterior, on a grid of positions (`Smooth.draws`).
2. A score at each grid point: how certain the sign of the logit is, in standard deviations.
3. For each draw, the largest |score| that its own zero line passes through (`_farthest`).
4. The limit is the `confidence` quantile of these: {|score| <= limit} then holds the whole zero
   line of that share of the draws, which is what makes the band simultaneous.
5. Runs of grid points inside the limit are the band's pieces, level of y by level (`_pieces`).

S draws, X positions along x, Y along y.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.labels import number_label
from analysis.smoothing.axis import Axis
from analysis.smoothing.model import Smooth
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
    fitted: Smooth | None = None,
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
        fitted: What `smooth_map` returned for the same arguments, to save fitting again.

    Returns:
        One row a piece of the band at a level of y (`ROWS` levels, if y is a range), from small
        to large x: `y` (ordered label), `y_value` (NaN for names), `low`, `high` (ends along x;
        0 or -inf and +inf where the band goes on beyond what was tried), `estimate` (where the
        posterior is even; NaN if nowhere inside), `stable` ("below", "above", "neither" or
        "both": on which side of the piece most trials are stable). A level without a row has no
        boundary. `attrs`: `x`, `y`, `confidence`.

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
    rows = [
        {"level": level, "y_value": values[level], **piece}
        for level in range(len(unclear.y_at))
        for piece in _pieces(unclear, level, fitted.prior.x)
    ]
    columns = ["level", "y_value", "low", "high", "estimate", "stable"]
    frame = pd.DataFrame(rows, columns=columns)
    level = frame.pop("level").to_numpy(dtype=np.int64)
    frame.insert(0, "y", ordered_labels(labels, level))
    frame.attrs = {"x": x, "y": y, "confidence": confidence}
    return frame


def doubt(
    fitted: Smooth,
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


def _pieces(unclear: Doubt, level: int, axis: Axis) -> list[dict[str, object]]:
    """Returns the pieces of the band at one level of y."""
    score = unclear.score[:, level]
    inside = np.abs(score) <= unclear.limit
    # A zero between two grid points of opposite certain signs is a piece too.
    jump = np.append(~inside[:-1] & ~inside[1:] & ((score[:-1] > 0) != (score[1:] > 0)), False)
    starts = np.flatnonzero((inside & ~np.append(False, inside[:-1])) | jump)
    pieces = []
    for start in starts.tolist():
        stop = start
        while not jump[start] and stop + 1 < len(score) and inside[stop + 1]:
            stop += 1
        before, after = (start, start + 1) if jump[start] else (start - 1, stop + 1)
        pieces.append(_piece(unclear, score, before, after, axis))
    return pieces


def _piece(
    unclear: Doubt, score: Floats, before: int, after: int, axis: Axis
) -> dict[str, object]:
    """Returns the piece between two grid points outside of it (-1 and X: beyond the ends)."""
    last = len(score) - 1
    left = score[before] > 0 if before >= 0 else None
    right = score[after] > 0 if after <= last else None
    low = -math.inf if left is None else _reach(unclear, score, before, +1)
    high = math.inf if right is None else _reach(unclear, score, after, -1)
    inner = np.arange(max(before, 0), min(after, last) + 1)
    sign = score[inner] > 0
    crossing = np.flatnonzero(sign[:-1] != sign[1:])
    # Of several zeros in one piece the middle one; a piece may have none.
    estimate = math.nan
    if len(crossing):
        at = inner[crossing[len(crossing) // 2]]
        part = score[at] / (score[at] - score[at + 1])
        estimate = unclear.x_at[at] * (1 - part) + unclear.x_at[at + 1] * part
    sides = {
        (True, False): "below",
        (False, True): "above",
        (True, True): "both",
        (False, False): "neither",
    }
    # Where the band goes on beyond the end, the side is what is likelier at that end.
    guess = (bool(sign[0]) if left is None else left, bool(sign[-1]) if right is None else right)
    beyond = 0.0 if axis.log else -math.inf
    return {
        "low": float(axis.value(low)) if math.isfinite(low) else beyond,
        "high": float(axis.value(high)) if math.isfinite(high) else math.inf,
        "estimate": float(axis.value(estimate)),
        "stable": sides[guess],
    }


def _reach(unclear: Doubt, score: Floats, outside: int, step: int) -> float:
    """Returns where |score| falls to the limit, from a grid point outside to the next one."""
    a, b = score[outside], score[outside + step]
    target = math.copysign(unclear.limit, a)
    part = (a - target) / (a - b) if a != b else 0.0
    return float(unclear.x_at[outside] * (1 - part) + unclear.x_at[outside + step] * part)
