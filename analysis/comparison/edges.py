"""Largest learning rates and importance of two studies, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.boundaries import largest_learning_rate
from analysis.cells import Cells, cells
from analysis.comparison.space import Shared
from analysis.importance import telling_hyperparameters

_SHOWN = ("trials", "stable", "largest", "largest_high")


def compare_learning_rates(shared: Shared, by: Sequence[str]) -> pd.DataFrame:
    """The largest learning rate that trains, by cell of common hyperparameters, in both studies.

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
    for place, one in enumerate(divided):
        order = pd.CategoricalDtype(list(one.labels), ordered=True)
        table[keys[place]] = table[keys[place]].astype("str").astype(order)
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
    names = [one.name for one in divided]
    trials = joint.loc[which, ["learning_rate", "verdict"]].reset_index(drop=True)
    stated: dict[str, object] = {"learning_rate": {}}
    for one in divided:
        # Labels as choices: the cells are then the same for both studies.
        labels = np.array([*one.labels, ""], dtype=object)[one.index[which]]
        trials[one.name] = pd.Series(np.where(one.index[which] < 0, None, labels), dtype="str")
        stated[one.name] = {"kind": "choice", "choices": list(one.labels)}
    trials.attrs = {"hyperparameters": stated}
    return largest_learning_rate(trials, names)[[*names, *_SHOWN]]


def compare_importance(shared: Shared) -> pd.DataFrame:
    """How much each common hyperparameter tells about stability in both studies.

    Returns:
        `hyperparameter`, `before`, `after` (shares, see `analysis.telling_hyperparameters`) and
        their `difference`, the one that tells most in either study first; NaN where it did not
        vary.
    """
    sides = [
        telling_hyperparameters(trials).set_index("x")["share"]
        for trials in (shared.before, shared.after)
    ]
    table = pd.DataFrame({"before": sides[0], "after": sides[1]}, dtype=np.float64)
    table = table.rename_axis("hyperparameter").reset_index()
    table = table[table["hyperparameter"].isin(shared.common)]
    table["difference"] = table["after"] - table["before"]
    order = table[["before", "after"]].max(axis=1).sort_values(ascending=False, kind="stable")
    return table.loc[order.index].reset_index(drop=True)
