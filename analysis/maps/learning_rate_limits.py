"""Between which learning rates at least half of the trials train, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.smoothing.axis import Axis
from analysis.smoothing.band import FINE
from analysis.smoothing.model import DrawnMap
from analysis.smoothing.smooth_map import smooth_map
from analysis.space.axes import entry, is_numeric, varied
from analysis.space.cells import Cells, cells
from analysis.space.design import uniform_trials
from analysis.stability_model import StabilityModel
from analysis.stability_model.averages import averaged_map
from analysis.stats.intervals import CONFIDENCE

Floats = NDArray[np.float64]

LIMITS_BY = ("depth", "activation", "initialization", "clip_norm")
"""The limits are reported by each of these, as far as they vary."""

_COLUMNS = ("smallest", "largest")


def learning_rate_limits(
    trials: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    learning_rate: str = "learning_rate",
    confidence: float = CONFIDENCE,
    model: StabilityModel | None = None,
) -> pd.DataFrame:
    """Estimates the learning rates between which at least half of the trials are stable.

    Half of all trials, whatever else varied in them, by the smoothed map of learning rate and one
    other hyperparameter. The intervals are the posterior's, two-sided, each by itself. That the
    half is of trials, and not that any trained at all, is what makes the limits estimable from
    both sides; `largest_learning_rate` reports the extremes at which any trial trained.

    Of a boundary study few trials are evenly placed: with `model` the maps are its averages, which
    all trials count for (`averaged_map`).

    Args:
        trials: Trials table; only its evenly placed trials count.
        by: Hyperparameters, by each of which on its own the limits are reported; by default
            `LIMITS_BY`, as far as they vary.
        learning_rate: Column of the learning rate, > 0.
        confidence: Two-sided, of each interval.
        model: The stability model of these trials, or None for the smoothing of the evenly placed
            ones.

    Returns:
        First a row of all trials, then one row a cell of each of `by`: `by` ("" for all), `value`
        (label of the cell), `trials`, `stable`; `reached`, the posterior probability that half
        are stable at the best learning rate; `smallest` and `largest`, the ends of the window
        around it in which they are, as posterior medians with their intervals
        `..._low`, `..._high`. A limit beyond all learning rates that were tried
        is 0 or +inf. Where no learning rate reaches one half, `smallest` is +inf and `largest` 0.
        `attrs`: `learning_rate`, `confidence`, and `tried`, the extreme learning rates of all.

    Raises:
        AnalysisError: If a column is unknown, or `learning_rate` is no number.
    """
    entry(trials, learning_rate)
    trials = uniform_trials(trials)
    if not is_numeric(trials[learning_rate]):
        raise AnalysisError(f"{learning_rate} must be a number, but holds names")
    names = [name for name in LIMITS_BY if name in varied(trials)] if by is None else list(by)
    stable = (trials["verdict"] == "stable").to_numpy()
    rows = []
    for name in (None, *names):
        fitted = _fitted(trials, learning_rate, name, model)
        divided = None if name is None else cells(trials, name)
        centers = np.zeros(1) if divided is None else _centers(fitted.prior.y, divided)
        limits = window_limits(fitted, centers, confidence)
        for index in range(len(centers)):
            inside = np.full(len(trials), True) if divided is None else divided.index == index
            rows.append(
                {
                    "by": name or "",
                    "value": "" if divided is None else divided.labels[index],
                    "trials": int(inside.sum()),
                    "stable": int(stable[inside].sum()),
                    **{key: values[index] for key, values in limits.items()},
                }
            )
    frame = pd.DataFrame(rows)
    rates = trials[learning_rate].to_numpy(dtype=np.float64, na_value=np.nan)
    rates = rates[np.isfinite(rates) & (rates > 0)]
    tried = [float(rates.min()), float(rates.max())] if len(rates) else None
    frame.attrs = {"learning_rate": learning_rate, "confidence": confidence, "tried": tried}
    return frame


def _fitted(
    trials: pd.DataFrame, learning_rate: str, by: str | None, model: StabilityModel | None
) -> DrawnMap:
    if model is None:
        return smooth_map(trials, learning_rate, by)
    return averaged_map(model, learning_rate, by)


def _centers(axis: Axis, divided: Cells) -> Floats:
    """Returns where along the axis each cell lies."""
    if axis.names:
        return np.arange(len(divided.labels), dtype=np.float64)
    low, high = axis.position(divided.lows), axis.position(divided.highs)
    middle = (low + high) / 2
    if not axis.is_range and len(axis.levels):
        # Of a bin of whole numbers, the level next to its middle.
        middle = axis.levels[np.abs(axis.levels[:, None] - middle).argmin(axis=0)]
    return np.asarray(middle, dtype=np.float64)


def window_limits(fitted: DrawnMap, y_at: Floats, confidence: float) -> dict[str, Floats]:
    """Computes limits and their intervals [Y] at positions of the map's second axis [Y].

    Returns:
        `reached`, `smallest`, `largest` and their intervals, as in `learning_rate_limits`.
    """
    axis = fitted.prior.x
    at = np.linspace(0.0, 1.0, FINE) if axis.is_range else axis.levels
    drawn = fitted.draws(at, y_at)
    # The window around the rate that is most probably stable: a draw may well be positive in
    # some far corner where there are few trials.
    best = drawn.mean(axis=0).argmax(axis=0)
    # From there up, and, on the axis turned round, down.
    upper = _until(at, drawn, best)
    lower = -_until(-at[::-1], drawn[:, ::-1], len(at) - 1 - best)
    tails = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
    table: dict[str, Floats] = {"reached": (drawn[:, best, np.arange(len(y_at))] > 0).mean(axis=0)}
    for name, values in zip(_COLUMNS, (lower, upper), strict=True):
        # No interpolation: between a number and infinity there is none.
        low, middle, high = np.quantile(values, tails, axis=0, method="inverted_cdf")
        for key, ends in ((name, middle), (f"{name}_low", low), (f"{name}_high", high)):
            table[key] = _rates(axis, ends)
    return table


def _until(at: Floats, drawn: Floats, start: NDArray[np.int64]) -> Floats:
    """Returns up to where each draw is positive without a break [S, Y], from given indices [Y] on.

    +inf if it still is at the end, -inf if it is not at the start; straight between grid points.
    """
    row = np.indices(drawn.shape[::2])[1]
    before = np.arange(len(at))[:, None] < start
    positive = (drawn > 0) | before
    first = np.where(positive.all(axis=1), len(at), positive.argmin(axis=1))
    draw = np.indices(first.shape)[0]
    after = np.clip(first, 1, len(at) - 1)
    here, there = drawn[draw, after - 1, row], drawn[draw, after, row]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip(here / (here - there), 0.0, 1.0)
    end = at[after - 1] + part * (at[after] - at[after - 1])
    end = np.where(first == len(at), np.inf, end)
    return np.where(first == start, -np.inf, end)


def _rates(axis: Axis, positions: Floats) -> Floats:
    rates = axis.value(np.where(np.isfinite(positions), positions, 0.0))
    beyond = np.where(positions > 0, np.inf, 0.0 if axis.low > 0 else -math.inf)
    return np.where(np.isfinite(positions), rates, beyond)
