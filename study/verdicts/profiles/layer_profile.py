"""The layers table as one row a trial and recorded step: what its hidden layers show together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.numeric import numbers, numbers_or_nan, require
from study.verdicts.profiles.gradient_path import gradient_paths

COLUMNS = ("trial", "step", "layer", "role", "delta_rms", "dead_fraction", "saturated_fraction")
"""What labels need of the layers table."""

OPTIONAL_COLUMNS = (
    "calls",
    "delta_rms_first_call",
    "delta_rms_last_call",
    "nonfinite_count",
    "preactivation_rms",
)
"""What they need beside it of layers that are called several times in one pass, that show no delta
or hardly a signal; a table may lack it where no layer does. Other columns need not be read."""

FAINT = 1e-30
"""Of a signal; what a layer of usual weights makes of it may be below float32's 1.2e-38."""


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """One element a trial and recorded step, sorted by both; all arrays have shape (profiles,).

    Attributes:
        trial: Number of the trial.
        step: The recorded step.
        first_layer: Number of the hidden layer nearest the input; in a recurrent network, here
            and below, of the recurrent ones, which are called once a time step.
        last_layer: Number of the hidden layer nearest the output.
        calls: Calls of the first layer in one pass, its time steps; 1 in a feed-forward network.
        finite: Whether delta is finite in every hidden layer.
        reached: Whether any hidden layer receives a gradient.
        ratio: R = rms(delta) of the first over the last hidden layer; 1 with one hidden layer, 0
            where delta vanished altogether, NaN where it is not finite. In a recurrent network,
            of the first layer's first call over the last layer's last call.
        slope: Least-squares slope of ln rms(delta_l)^2 over l, per layer, over the layers whose
            delta is not 0; NaN with fewer than two of them or where delta is not finite. In a
            recurrent network it is per time step, from the first call to the last, and the mean
            of its recurrent layers.
        dead: Largest share of dead units in a hidden layer; NaN where unmeasured. A layer whose
            signal shrank to nothing in those before it is not dead, its units are 0 for want of a
            signal.
        dead_layer: That layer.
        saturated: Largest share of saturated activations in a hidden layer; NaN where unmeasured.
        saturated_layer: That layer.
        measured: Numbers of the trials of which any layer was recorded, sorted; not a profile's.
    """

    trial: np.ndarray
    step: np.ndarray
    first_layer: np.ndarray
    last_layer: np.ndarray
    calls: np.ndarray
    finite: np.ndarray
    reached: np.ndarray
    ratio: np.ndarray
    slope: np.ndarray
    dead: np.ndarray
    dead_layer: np.ndarray
    saturated: np.ndarray
    saturated_layer: np.ndarray
    measured: np.ndarray

    def __len__(self) -> int:
        return len(self.trial)


def profiles(layers: pd.DataFrame) -> Profiles:
    """Summarizes the hidden layers of every trial and recorded step.

    Args:
        layers: At least `COLUMNS` of the layers table, and `OPTIONAL_COLUMNS` where it has them;
            rows in any order.

    Raises:
        ValueError: If a column is missing.
    """
    require(layers, COLUMNS, "layers")
    seen = _seen(layers)
    measured = np.unique(layers["trial"].to_numpy(dtype=np.int64)[seen])
    hidden = np.flatnonzero((layers["role"].to_numpy() == "hidden") & seen)
    trial, step, layer = (
        layers[name].to_numpy(dtype=np.int64)[hidden] for name in ("trial", "step", "layer")
    )
    # Sorted, a profile is a run of rows from one of `starts` to the next: (rows,) -> (profiles,).
    order = _order(trial, step, layer)
    trial, step, layer, rows = trial[order], step[order], layer[order], hidden[order]
    starts = _starts(trial, step)
    if len(starts) == 0:
        return _none(measured)
    path = gradient_paths(layers, rows, layer, starts)
    dead_share = numbers(layers, "dead_fraction")[rows]
    dead_share[_without_signal(layers, rows, starts)] = 0
    dead, dead_layer = _worst(dead_share, layer, starts)
    saturated, saturated_layer = _worst(numbers(layers, "saturated_fraction")[rows], layer, starts)
    return Profiles(
        trial=trial[starts],
        step=step[starts],
        first_layer=layer[path.first],
        last_layer=layer[path.last],
        calls=path.calls,
        finite=path.finite,
        reached=np.logical_or.reduceat(numbers(layers, "delta_rms")[rows] != 0, starts),
        ratio=np.where(path.finite, path.ratio, np.nan),
        slope=np.where(path.finite, path.slope, np.nan),
        dead=dead,
        dead_layer=dead_layer,
        saturated=saturated,
        saturated_layer=saturated_layer,
        measured=measured,
    )


def _seen(layers: pd.DataFrame) -> np.ndarray:
    """Returns whether a row's delta was measured, (rows,): a frozen layer's first ones have none.

    A delta that is not finite is null as well, and other values beside it are counted then.
    """
    delta = numbers_or_nan(layers, "delta_rms")
    if "nonfinite_count" not in layers.columns:
        return np.ones(len(layers), dtype=bool)
    return ~(np.isnan(delta) & (numbers(layers, "nonfinite_count") == 0))


def _without_signal(layers: pd.DataFrame, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Returns where a layer and the one before it receive a faint signal, or none, (rows,)."""
    received = numbers_or_nan(layers, "preactivation_rms")[rows]
    faint = received < FAINT
    faint[1:] &= received[:-1] < FAINT
    faint[starts] = False
    return faint


def _order(trial: np.ndarray, step: np.ndarray, layer: np.ndarray) -> np.ndarray:
    # lexsort is stable and quick on sorted input, which is what the store gives.
    return np.lexsort((layer, step, trial))


def _starts(trial: np.ndarray, step: np.ndarray) -> np.ndarray:
    if len(trial) == 0:
        return np.zeros(0, dtype=np.int64)
    changes = (np.diff(trial) != 0) | (np.diff(step) != 0)
    return np.concatenate(([0], np.flatnonzero(changes) + 1))


def _worst(
    share: np.ndarray, layer: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known = np.where(np.isnan(share), -1.0, share)
    highest = np.maximum.reduceat(known, starts)
    sizes = np.diff(np.append(starts, len(share)))
    is_highest = known == np.repeat(highest, sizes)
    where = np.minimum.reduceat(np.where(is_highest, layer, np.iinfo(np.int64).max), starts)
    return np.where(highest < 0, np.nan, highest), where


def _none(measured: np.ndarray) -> Profiles:
    numbers_, names = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Profiles(
        trial=names,
        step=names,
        first_layer=names,
        last_layer=names,
        calls=names,
        finite=np.zeros(0, dtype=bool),
        reached=np.zeros(0, dtype=bool),
        ratio=numbers_,
        slope=numbers_,
        dead=numbers_,
        dead_layer=names,
        saturated=numbers_,
        saturated_layer=names,
        measured=measured,
    )
