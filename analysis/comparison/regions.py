"""Cells of a map in two studies: where the probability of stable changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparison.space import Shared
from analysis.space.cells import cells, ordered_labels
from analysis.stats.differences import newcombe_interval
from analysis.stats.intervals import CONFIDENCE


def compare_regions(
    shared: Shared, x: str, y: str | None = None, *, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """One row a cell of one or two common hyperparameters, with its trials in both studies.

    Args:
        shared: The two studies.
        x: A hyperparameter that both have.
        y: Another one; without it, the cells of `x` alone.
        confidence: Of the intervals of single cells.

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
    height = 1 if rows is None else len(rows.labels)
    places = columns.index * height + (0 if rows is None else rows.index)
    known = (columns.index >= 0) & (True if rows is None else rows.index >= 0)
    stable = (joint["verdict"] == "stable").to_numpy()
    first = np.arange(len(joint)) < len(shared.before)
    width = len(columns.labels) * height

    def count(which: np.ndarray) -> np.ndarray:
        return np.bincount(places[which & known], minlength=width)

    before, before_stable = count(first), count(first & stable)
    after, after_stable = count(~first), count(~first & stable)
    low, high = newcombe_interval(
        before_stable, before, after_stable, after, confidence=confidence
    )
    filled = (before > 0) & (after > 0)
    strict = 1 - (1 - confidence) / max(int(filled.sum()), 1)
    sure_low, sure_high = newcombe_interval(
        before_stable, before, after_stable, after, confidence=strict
    )
    with np.errstate(invalid="ignore"):
        shares = before_stable / before, after_stable / after
    xs, ys = (
        np.repeat(np.arange(width // height), height),
        np.tile(np.arange(height), width // height),
    )
    nothing = np.full(1, np.nan)
    frame = pd.DataFrame(
        {
            "x": ordered_labels(columns.labels, xs),
            "y": ordered_labels(("",) if rows is None else rows.labels, ys),
            "x_low": columns.lows[xs],
            "x_high": columns.highs[xs],
            "y_low": (nothing if rows is None else rows.lows)[ys],
            "y_high": (nothing if rows is None else rows.highs)[ys],
            "before_trials": before,
            "before_stable": before_stable,
            "before_share": shares[0],
            "after_trials": after,
            "after_stable": after_stable,
            "after_share": shares[1],
            "difference": shares[1] - shares[0],
            "low": low,
            "high": high,
            "evidence": (sure_low > 0) | (sure_high < 0),
        }
    )
    frame.attrs = {"x": x, "y": y}
    return frame
