"""The way of the gradient from the last hidden layer to the first, or from the last time step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.numeric import numbers


@dataclass(frozen=True, kw_only=True)
class GradientPaths:
    """One element a trial and recorded step; all arrays have shape (profiles,).

    Attributes:
        first: Row of the layer at the path's end, where the gradient arrives last.
        last: Row of the layer at its beginning.
        calls: Time steps of the path; 1 where it leads through layers.
        finite: Whether delta is finite in every hidden layer.
        ratio: rms(delta) at the end over the beginning.
        slope: Of ln rms(delta)^2 along it, per layer or time step, growing to the beginning.
    """

    first: np.ndarray
    last: np.ndarray
    calls: np.ndarray
    finite: np.ndarray
    ratio: np.ndarray
    slope: np.ndarray


def gradient_paths(
    layers: pd.DataFrame, rows: np.ndarray, layer: np.ndarray, starts: np.ndarray
) -> GradientPaths:
    """Paths through the hidden layers or, in recurrent networks, through their time steps.

    Args:
        layers: The layers table.
        rows: Its hidden rows, sorted by trial, step and layer, (n,).
        layer: Numbers of these layers, (n,).
        starts: Where a profile begins, (profiles,).
    """
    delta = numbers(layers, "delta_rms")[rows]
    ends = np.append(starts[1:], len(rows)) - 1
    through_layers = GradientPaths(
        first=starts,
        last=ends,
        calls=np.ones(len(starts), dtype=np.int64),
        finite=np.logical_and.reduceat(np.isfinite(delta), starts),
        ratio=_ratio(delta[starts], delta[ends], ends == starts),
        slope=_slope(delta, layer, starts),
    )
    if "calls" not in layers.columns:
        return through_layers
    calls = np.nan_to_num(numbers(layers, "calls")[rows], nan=1).astype(np.int64)
    if not (calls > 1).any():
        return through_layers
    first_call = numbers(layers, "delta_rms_first_call")[rows]
    last_call = numbers(layers, "delta_rms_last_call")[rows]
    return _through_time(through_layers, calls, first_call, last_call, starts)


def _through_time(
    through_layers: GradientPaths,
    calls: np.ndarray,
    first_call: np.ndarray,
    last_call: np.ndarray,
    starts: np.ndarray,
) -> GradientPaths:
    """Returns the same, but through time where a profile has a layer that is called repeatedly."""
    recurrent = calls > 1
    index = np.arange(len(calls))
    first = np.minimum.reduceat(np.where(recurrent, index, len(calls)), starts)
    last = np.maximum.reduceat(np.where(recurrent, index, -1), starts)
    has = last >= 0
    first, last = (
        np.where(has, mine, other)
        for mine, other in ((first, through_layers.first), (last, through_layers.last))
    )
    ratio = _ratio(first_call[first], last_call[last], np.zeros(len(starts), dtype=bool))
    slope = _slope_of_calls(calls, first_call, last_call, starts)
    return GradientPaths(
        first=first,
        last=last,
        calls=np.where(has, calls[first], 1),
        finite=through_layers.finite,
        ratio=np.where(has, ratio, through_layers.ratio),
        slope=np.where(has, slope, through_layers.slope),
    )


def _ratio(first: np.ndarray, last: np.ndarray, single: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = first / last
    # 0 / 0: no gradient anywhere, which is as vanished as can be.
    return np.where(first == 0, 0.0, np.where(single, 1.0, ratio))


def _slope(delta: np.ndarray, layer: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Least squares over the layers whose delta is not 0."""
    used = np.isfinite(delta) & (delta > 0)
    y = np.zeros_like(delta)
    np.log(delta, out=y, where=used)
    y *= 2
    x = layer.astype(np.float64)
    count = np.add.reduceat(used.astype(np.float64), starts)
    sizes = np.diff(np.append(starts, len(delta)))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x = np.add.reduceat(x * used, starts) / count
        mean_y = np.add.reduceat(y, starts) / count
        from_mean_x = (x - np.repeat(mean_x, sizes)) * used
        from_mean_y = (y - np.repeat(mean_y, sizes)) * used
        spread = np.add.reduceat(np.where(used, from_mean_x**2, 0), starts)
        common = np.add.reduceat(np.where(used, from_mean_x * from_mean_y, 0), starts)
        return np.where(spread > 0, common / spread, np.nan)


def _slope_of_calls(
    calls: np.ndarray, first_call: np.ndarray, last_call: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Mean over the recurrent layers whose delta is not 0 at either end."""
    finite = np.isfinite(first_call) & np.isfinite(last_call)
    used = (calls > 1) & finite & (first_call > 0) & (last_call > 0)
    rise = np.zeros_like(first_call)
    np.log(last_call, out=rise, where=used)
    rise -= np.log(first_call, out=np.zeros_like(first_call), where=used)
    slope = 2 * rise / np.maximum(calls - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.add.reduceat(used.astype(np.float64), starts)
        return np.asarray(np.add.reduceat(slope, starts) / count)
