"""Largest learning rates and importance of two studies, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparison.space import Shared
from analysis.importance.total_effects import stability_importance
from analysis.maps.boundaries import largest_learning_rate
from analysis.space.cells import Cells, cells

_SHOWN = ("trials", "stable", "largest", "largest_high")


def compare_learning_rates(shared: Shared, by: Sequence[str]) -> pd.DataFrame:
    """Compares the largest learning rate that trains, by cell of common hyperparameters.

    Args:
        shared: The two studies; both vary `learning_rate`.
        by: Common hyperparameters; may be empty.

    Returns:
        A column for each of `by` (labels), and `trials`, `stable`, `largest`, `largest_high` (see
        `analysis.largest_learning_rate`) with `_before` and `_after`; `factor`, the largest one
        after over the one before; `evidence`: whether the two bands between the largest stable
        learning rate and what is ruled out above it do not meet. Groups without a trial in
        either study are left out.
    """
    joint = shared.joint
    divided = [cells(joint, name) for name in by]
    first = np.arange(len(joint)) < len(shared.before)
    sides = [_side(joint, which, divided) for which in (first, ~first)]
    keys = list(by)
    if keys:
        table = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_before", "_after"))
    else:
        table = sides[0].add_suffix("_before").join(sides[1].add_suffix("_after"))
    for key, column in zip(keys, divided, strict=True):
        order = pd.CategoricalDtype(list(column.labels), ordered=True)
        table[key] = table[key].astype("str").astype(order)
    if keys:
        table = table.sort_values(keys, ignore_index=True)
    table = table[(table["trials_before"] > 0) | (table["trials_after"] > 0)]
    table = table.reset_index(drop=True)
    table["factor"] = table["largest_after"] / table["largest_before"]
    table["evidence"] = (table["largest_after"] > table["largest_high_before"]) | (
        table["largest_before"] > table["largest_high_after"]
    )
    return table


def _side(joint: pd.DataFrame, which: np.ndarray, divided: Sequence[Cells]) -> pd.DataFrame:
    names = [column.name for column in divided]
    trials = joint.loc[which, ["learning_rate", "verdict"]].reset_index(drop=True)
    stated: dict[str, object] = {"learning_rate": {}}
    for column in divided:
        # Labels as choices: the cells are then the same for both studies.
        index = column.index[which]
        labels = np.array([*column.labels, ""], dtype=object)[index]
        trials[column.name] = pd.Series(np.where(index < 0, None, labels), dtype="str")
        stated[column.name] = {"kind": "choice", "choices": list(column.labels)}
    trials.attrs = {"hyperparameters": stated}
    return largest_learning_rate(trials, names)[[*names, *_SHOWN]]


def compare_importance(shared: Shared) -> pd.DataFrame:
    """Compares how much each common hyperparameter matters for stability in both studies.

    Returns:
        `hyperparameter`; `importance`, `low`, `high` (share of the variance and its interval, see
        `analysis.stability_importance`) with `_before` and `_after`; their `difference`;
        `evidence`: whether the two intervals do not meet. The one that matters most in either
        study comes first; NaN where it did not vary, or where a study is too small to tell.
    """
    columns = ["importance", "low", "high"]
    sides = [
        stability_importance(trials).set_index("x")[columns].add_suffix(suffix)
        for trials, suffix in ((shared.before, "_before"), (shared.after, "_after"))
    ]
    table = sides[0].join(sides[1], how="outer").astype(np.float64)
    table = table.rename_axis("hyperparameter").reset_index()
    table = table[table["hyperparameter"].isin(shared.common)]
    table["difference"] = table["importance_after"] - table["importance_before"]
    table["evidence"] = (table["low_after"] > table["high_before"]) | (
        table["low_before"] > table["high_after"]
    )
    most = table[["importance_before", "importance_after"]].max(axis=1)
    order = most.sort_values(ascending=False, kind="stable")
    return table.loc[order.index].reset_index(drop=True)
