"""The layers table as one row a trial and recorded step: what its hidden layers show together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.columns import numbers, require

COLUMNS = ("trial", "step", "layer", "role", "delta_rms", "dead_fraction", "saturated_fraction")
"""What labels need of the layers table; other columns need not be read."""


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """One element a trial and recorded step, sorted by both; all arrays have shape (profiles,).

    Attributes:
        trial: Number of the trial.
        step: The recorded step.
        first_layer: Number of the hidden layer nearest the input.
        last_layer: Number of the hidden layer nearest the output.
        finite: Whether delta is finite in every hidden layer.
        ratio: R = rms(delta) of the first over the last hidden layer; 1 with one hidden layer, 0
            where delta vanished altogether, NaN where it is not finite.
        slope: Least-squares slope of ln rms(delta_l)^2 over l, per layer, over the layers whose
            delta is not 0; NaN with fewer than two of them or where delta is not finite.
        dead: Largest share of dead units in a hidden layer; NaN where unmeasured.
        dead_layer: That layer.
        saturated: Largest share of saturated activations in a hidden layer; NaN where unmeasured.
        saturated_layer: That layer.
    """

    trial: np.ndarray
    step: np.ndarray
    first_layer: np.ndarray
    last_layer: np.ndarray
    finite: np.ndarray
    ratio: np.ndarray
    slope: np.ndarray
    dead: np.ndarray
    dead_layer: np.ndarray
    saturated: np.ndarray
    saturated_layer: np.ndarray

    def __len__(self) -> int:
        return len(self.trial)


def profiles(layers: pd.DataFrame) -> Profiles:
    """Profiles of the hidden layers of every trial and recorded step.

    Args:
        layers: At least `COLUMNS` of the layers table, in any order.

    Raises:
        ValueError: If a column is missing.
    """
    require(layers, COLUMNS, "layers")
    hidden = np.flatnonzero(layers["role"].to_numpy() == "hidden")
    trial, step, layer = (
        layers[name].to_numpy(dtype=np.int64)[hidden] for name in ("trial", "step", "layer")
    )
    order = _order(trial, step, layer)
    trial, step, layer, rows = trial[order], step[order], layer[order], hidden[order]
    delta = numbers(layers, "delta_rms")[rows]
    starts = _starts(trial, step)
    if len(starts) == 0:
        return _none()
    ends = np.append(starts[1:], len(trial)) - 1
    finite = np.logical_and.reduceat(np.isfinite(delta), starts)
    dead, dead_layer = _worst(numbers(layers, "dead_fraction")[rows], layer, starts)
    saturated, saturated_layer = _worst(numbers(layers, "saturated_fraction")[rows], layer, starts)
    return Profiles(
        trial=trial[starts],
        step=step[starts],
        first_layer=layer[starts],
        last_layer=layer[ends],
        finite=finite,
        ratio=np.where(finite, _ratio(delta[starts], delta[ends], ends == starts), np.nan),
        slope=np.where(finite, _slope(delta, layer, starts), np.nan),
        dead=dead,
        dead_layer=dead_layer,
        saturated=saturated,
        saturated_layer=saturated_layer,
    )


def _order(trial: np.ndarray, step: np.ndarray, layer: np.ndarray) -> np.ndarray:
    # lexsort is stable and quick on sorted input, which is what the store gives.
    return np.lexsort((layer, step, trial))


def _starts(trial: np.ndarray, step: np.ndarray) -> np.ndarray:
    if len(trial) == 0:
        return np.zeros(0, dtype=np.int64)
    changes = (np.diff(trial) != 0) | (np.diff(step) != 0)
    return np.concatenate(([0], np.flatnonzero(changes) + 1))


def _ratio(first: np.ndarray, last: np.ndarray, single: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = first / last
    # 0 / 0: no gradient anywhere, which is as vanished as can be.
    return np.where(first == 0, 0.0, np.where(single, 1.0, ratio))


def _slope(delta: np.ndarray, layer: np.ndarray, starts: np.ndarray) -> np.ndarray:
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


def _worst(
    share: np.ndarray, layer: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known = np.where(np.isnan(share), -1.0, share)
    highest = np.maximum.reduceat(known, starts)
    sizes = np.diff(np.append(starts, len(share)))
    is_highest = known == np.repeat(highest, sizes)
    where = np.minimum.reduceat(np.where(is_highest, layer, np.iinfo(np.int64).max), starts)
    return np.where(highest < 0, np.nan, highest), where


def _none() -> Profiles:
    numbers_, names = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Profiles(
        trial=names,
        step=names,
        first_layer=names,
        last_layer=names,
        finite=np.zeros(0, dtype=bool),
        ratio=numbers_,
        slope=numbers_,
        dead=numbers_,
        dead_layer=names,
        saturated=numbers_,
        saturated_layer=names,
    )
