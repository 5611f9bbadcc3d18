"""Which hyperparameters, and which pairs of them, say most about stability."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.space.axes import varied
from analysis.space.cells import cells
from analysis.space.design import uniform_trials
from analysis.trials.counts import check_verdicts


def telling_hyperparameters(trials: pd.DataFrame) -> pd.DataFrame:
    """Measures how much each varied hyperparameter alone says about whether a trial is stable.

    Args:
        trials: Trials table; only its evenly placed trials count.

    Returns:
        The most telling first: `x`, `share`, `information`, `by_chance`; see `telling_pairs`.
    """
    trials = uniform_trials(trials)
    stable = _stable(trials)
    rows = [{"x": name, **_information(_codes(trials, name), stable)} for name in varied(trials)]
    return _ranked(rows, ["x"])


def telling_pairs(trials: pd.DataFrame, n: int = 4) -> pd.DataFrame:
    """Finds the n pairs of varied hyperparameters that say most about whether a trial is stable.

    The measure is the mutual information between the cell of a pair (the cells of its map) and
    the indicator of `stable`. Finer cells share more information with anything by accident, so
    what is expected under random relabelling with the same counts is taken off (exactly, from
    the hypergeometric distribution). A hyperparameter that does not apply is a cell of its own.

    Args:
        trials: Trials table; only its evenly placed trials count.
        n: Number of pairs, >= 1.

    Returns:
        The most telling first: `x`, `y`, `share` (of the uncertainty about `stable` that the
        cell removes beyond accident: near 0 when it says nothing, near 1 when it decides and
        the cells are well filled),
        `information` and `by_chance` (nats), `beyond_singles` (share beyond the larger of the
        two single ones). Empty if fewer than two hyperparameters vary.

    References:
        Vinh, Epps, Bailey, Information theoretic measures for clusterings comparison, JMLR 2010
        (the expectation under random relabelling).
    """
    trials = uniform_trials(trials)
    stable = _stable(trials)
    names = varied(trials)
    codes = {name: _codes(trials, name) for name in names}
    single = {name: _information(codes[name], stable)["share"] for name in names}
    rows = []
    for x, y in combinations(names, 2):
        joint = codes[x] * (codes[y].max() + 1) + codes[y]
        information = _information(joint, stable)
        beyond = information["share"] - max(single[x], single[y])
        rows.append({"x": x, "y": y, **information, "beyond_singles": beyond})
    return _ranked(rows, ["x", "y"], ["beyond_singles"]).head(n)


def _stable(trials: pd.DataFrame) -> NDArray[np.int64]:
    check_verdicts(trials)
    return (trials["verdict"] == "stable").to_numpy().astype(np.int64)


def _codes(trials: pd.DataFrame, name: str) -> NDArray[np.int64]:
    return cells(trials, name).index + 1


def _information(codes: NDArray[np.int64], stable: NDArray[np.int64]) -> dict[str, float]:
    share_stable = stable.mean() if stable.size else 0.0
    if share_stable in (0.0, 1.0):
        return {"share": 0.0, "information": 0.0, "by_chance": 0.0}
    # Imported here: scikit-learn takes longer to import than all else together.
    from sklearn.metrics import mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    table = contingency_matrix(stable, codes, sparse=True).astype(np.int64)
    information = float(mutual_info_score(stable, codes, contingency=table))
    by_chance = float(expected_mutual_information(table, stable.size))
    entropy = -sum(p * np.log(p) for p in (share_stable, 1 - share_stable))
    # Over the entropy, not over what chance leaves of it (as the adjusted index has it): where
    # nearly every trial has a cell of its own, chance leaves nothing and the ratio is noise.
    share = (information - by_chance) / entropy
    return {"share": float(share), "information": information, "by_chance": by_chance}


def _ranked(
    rows: list[dict[str, object]], names: list[str], more: list[str] | None = None
) -> pd.DataFrame:
    columns = [*names, "share", "information", "by_chance", *(more or [])]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("share", ascending=False, kind="stable", ignore_index=True)
