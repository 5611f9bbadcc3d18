"""Cells of a map in two studies: where the probability of stable changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.comparison.space import Shared
from analysis.space.cells import Cells, cells, ordered_labels
from analysis.stats.differences import newcombe_interval
from analysis.stats.intervals import CONFIDENCE


def compare_regions(
    shared: Shared, x: str, y: str | None = None, *, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Compares the cells of one or two common hyperparameters, one row each, in both studies.

    Args:
        shared: The two studies.
        x: A hyperparameter that both have.
        y: Another one; without it, the cells of `x` alone.
        confidence: Two-sided, of the interval of each cell, and of `evidence` in all, in (0, 1).

    Returns:
        `x`, `y` (ordered labels), their edges `x_low`, `x_high`, `y_low`, `y_high`,
        `before_trials`, `before_stable`, `before_share` and the same
        for `after`; `difference` of the shares with its Newcombe interval `low`, `high` (NaN
        unless both have trials); `evidence`: whether the difference is other than 0 for all cells
        of the map together (Bonferroni), so that a map without any change shows one in at most
        1 - `confidence` of studies. `attrs`: the names `x` and `y`.

    Raises:
        AnalysisError: If a hyperparameter is unknown or a verdict is.
    """
    joint = shared.joint
    columns = cells(joint, x)
    rows = cells(joint, y) if y is not None else None
    counts = _counts(shared, columns, rows)
    height = 1 if rows is None else len(rows.labels)
    xs = np.repeat(np.arange(len(columns.labels)), height)
    ys = np.tile(np.arange(height), len(columns.labels))
    nothing = np.full(1, np.nan)
    frame = pd.DataFrame(
        {
            "x": ordered_labels(columns.labels, xs),
            "y": ordered_labels(("",) if rows is None else rows.labels, ys),
            "x_low": columns.lows[xs],
            "x_high": columns.highs[xs],
            "y_low": (nothing if rows is None else rows.lows)[ys],
            "y_high": (nothing if rows is None else rows.highs)[ys],
            **_differences(counts, confidence),
        }
    )
    frame.attrs = {"x": x, "y": y}
    return frame


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """Trials, and stable ones, of both studies in each cell [C]."""

    before: NDArray[np.int64]
    before_stable: NDArray[np.int64]
    after: NDArray[np.int64]
    after_stable: NDArray[np.int64]


def _counts(shared: Shared, columns: Cells, rows: Cells | None) -> _Counts:
    """Counts by cell, the cells of one x together."""
    height = 1 if rows is None else len(rows.labels)
    cell = columns.index * height + (0 if rows is None else rows.index)
    known = (columns.index >= 0) & (True if rows is None else rows.index >= 0)
    stable = (shared.joint["verdict"] == "stable").to_numpy()
    first = np.arange(len(cell)) < len(shared.before)

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(cell[which & known], minlength=len(columns.labels) * height)

    return _Counts(
        before=count(first),
        before_stable=count(first & stable),
        after=count(~first),
        after_stable=count(~first & stable),
    )


def _differences(counts: _Counts, confidence: float) -> dict[str, NDArray[Any]]:
    """Returns the columns of counts, shares, and their difference with what it is worth."""
    of = (counts.before_stable, counts.before, counts.after_stable, counts.after)
    low, high = newcombe_interval(*of, confidence=confidence)
    # Bonferroni over the cells that both studies fill: only these can show a change.
    filled = int(((counts.before > 0) & (counts.after > 0)).sum())
    strict = 1 - (1 - confidence) / max(filled, 1)
    sure_low, sure_high = newcombe_interval(*of, confidence=strict)
    with np.errstate(invalid="ignore"):
        shares = counts.before_stable / counts.before, counts.after_stable / counts.after
    return {
        "before_trials": counts.before,
        "before_stable": counts.before_stable,
        "before_share": shares[0],
        "after_trials": counts.after,
        "after_stable": counts.after_stable,
        "after_share": shares[1],
        "difference": shares[1] - shares[0],
        "low": low,
        "high": high,
        "evidence": (sure_low > 0) | (sure_high < 0),
    }
