"""What theory draws on a map: trainable depth, the critical line, the largest learning rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.space.axes import matches
from analysis.space.cells import Cells, cells
from analysis.trials.theory_agreement import RESOLVED

Floats = NDArray[np.float64]

SCALES = 6.0
"""Networks train up to about so many depth scales (Schoenholz et al. 2017)."""

CRITICAL_AXES = ("weight_std", "bias_std", "init_gain")
"""Hyperparameters along which a network goes from vanishing to exploding gradients."""


def theory_lines(
    trials: pd.DataFrame, x: str, y: str, *, where: Mapping[str, object] | None = None
) -> pd.DataFrame:
    """Returns where theory puts the edge of stability on the map of two hyperparameters.

    - "trainable depth", on maps with `depth`: what `trainable_depths` says.
    - "largest learning rate", on maps with `learning_rate`: `predicted_max_learning_rate`.
    - "critical line", on maps with one of `CRITICAL_AXES`: where the median of ln chi changes its
      sign.

    Each is the median of the trials in each cell of the other hyperparameter, whatever else
    varied in them, with their quartiles.

    Args:
        trials: Trials table.
        x: A hyperparameter.
        y: Another one.
        where: Only trials with these values (or lists of values), by hyperparameter.

    Returns:
        One row a line and cell, where theory says anything: `line` (as above), `on` (the
        hyperparameter whose values they are), `cell` (index of the cell of the other one),
        `value` (may lie beyond the map), `low`, `high` (quartiles; of the critical line, the
        cells' middles it lies between), `trials`.

    Raises:
        AnalysisError: If a hyperparameter is unknown.

    References:
        Schoenholz et al., Deep information propagation, ICLR 2017.
    """
    chosen = trials[matches(trials, where)]
    chosen.attrs = trials.attrs
    keep = matches(trials, where)
    rows: list[dict[str, object]] = []
    for on, other in ((x, y), (y, x)):
        across = cells(trials, other)
        index = across.index[keep]
        if on == "depth":
            values = trainable_depths(chosen)
            rows += _medians("trainable depth", on, values, index, len(across.labels))
        if on == "learning_rate":
            values = _column(chosen, "predicted_max_learning_rate")
            rows += _medians("largest learning rate", on, values, index, len(across.labels))
        if on in CRITICAL_AXES:
            along = cells(trials, on)
            rows += _critical(on, along, along.index[keep], index, log_chi_of(chosen))
    columns = ["line", "on", "cell", "value", "low", "high", "trials"]
    return pd.DataFrame(rows, columns=columns)


def trainable_depths(trials: pd.DataFrame) -> Floats:
    """Returns 6 depth scales xi = 1 / |ln chi| of each trial [N], as deep as gradients reach.

    Only of the deepest quarter of the trials, NaN of the others: near criticality lengths, and chi
    with them, change from layer to layer, and shallow networks tell of their first layers alone.
    Infinite at criticality, where every depth is trainable.
    """
    log_chi = log_chi_of(trials)
    depth = np.where(np.isnan(log_chi), np.nan, _column(trials, "depth"))
    if np.isnan(depth).all():
        return depth
    with np.errstate(divide="ignore"):
        reached = SCALES / np.abs(log_chi)
    return np.where(depth >= np.nanquantile(depth, 0.75), reached, np.nan)


def log_chi_of(trials: pd.DataFrame) -> Floats:
    """Returns ln chi of each trial [N] as theory has it, from R^2 = chi^(depth - 1)."""
    ratio = np.clip(_column(trials, "predicted_ratio"), RESOLVED, 1 / RESOLVED)
    depth = _column(trials, "depth")
    with np.errstate(invalid="ignore", divide="ignore"):
        log_chi = 2 * np.log(ratio) / (depth - 1)
    return np.where(depth > 1, log_chi, np.nan)


def _column(trials: pd.DataFrame, name: str) -> Floats:
    if name not in trials.columns:
        return np.full(len(trials), np.nan)
    return trials[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _medians(
    line: str, on: str, values: Floats, index: NDArray[np.int64], width: int
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for cell in range(width):
        own = values[(index == cell) & ~np.isnan(values)]
        if len(own):
            low, middle, high = np.quantile(own, [0.25, 0.5, 0.75], method="inverted_cdf")
            quartiles = {"value": middle, "low": low, "high": high, "trials": len(own)}
            rows.append({"line": line, "on": on, "cell": cell, **quartiles})
    return rows


def _critical(
    on: str, along: Cells, column: NDArray[np.int64], index: NDArray[np.int64], log_chi: Floats
) -> list[dict[str, object]]:
    """Finds the first change of sign along the axis, in each cell of the other one."""
    rows: list[dict[str, object]] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        middles = np.where(
            along.lows > 0, np.sqrt(along.lows * along.highs), (along.lows + along.highs) / 2
        )
    for cell in range(int(index.max(initial=-1)) + 1):
        own = (index == cell) & ~np.isnan(log_chi) & (column >= 0)
        filled = np.unique(column[own])
        medians = np.array([np.median(log_chi[own & (column == each)]) for each in filled])
        change = np.flatnonzero((medians[:-1] < 0) & (medians[1:] >= 0))
        if not len(change):
            continue
        at = change[0]
        low, high = middles[filled[at]], middles[filled[at + 1]]
        # Where ln chi is 0 if it goes straight, in the logarithm of a positive hyperparameter.
        part = -medians[at] / (medians[at + 1] - medians[at])
        value = low * (high / low) ** part if low > 0 else low + part * (high - low)
        ends = {"value": value, "low": low, "high": high, "trials": int(own.sum())}
        rows.append({"line": "critical line", "on": on, "cell": cell, **ends})
    return rows
