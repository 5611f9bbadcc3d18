"""Verdicts of two studies: their shares, and the same trials before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparison.space import Shared
from analysis.space.axes import is_numeric
from analysis.stats.differences import mcnemar, newcombe_interval, newcombe_paired_interval
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import VERDICTS, verdict_counts


def compare_verdicts(shared: Shared, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Compares the shares of each verdict in two studies, over what they share.

    Returns:
        The five verdicts in their order: `verdict`, `before`, `after` (trials), `before_share`,
        `after_share`, their `difference` with its Newcombe interval `low`, `high`, and
        `evidence`: whether that interval leaves out 0.
    """
    first, second = verdict_counts(shared.before), verdict_counts(shared.after)
    before, after = first["trials"].to_numpy(), second["trials"].to_numpy()
    of = (len(shared.before), len(shared.after))
    low, high = newcombe_interval(before, of[0], after, of[1], confidence=confidence)
    return pd.DataFrame(
        {
            "verdict": list(VERDICTS),
            "before": before,
            "after": after,
            "before_share": first["share"],
            "after_share": second["share"],
            "difference": second["share"] - first["share"],
            "low": low,
            "high": high,
            "evidence": (low > 0) | (high < 0),
        }
    )


def paired_trials(shared: Shared) -> pd.DataFrame:
    """Finds the trials of the same hyperparameters and seed in both studies.

    Hyperparameters that changed, or that one study lacks, are what is compared: they may differ.
    A combination that a study has more than once is no pair.

    Returns:
        `trial_before`, `trial_after`, `verdict_before`, `verdict_after`.
    """
    sides = []
    for trials in (shared.before, shared.after):
        keys = _keys(trials, shared.common)
        side = pd.DataFrame({"key": keys, "trial": trials["trial"], "verdict": trials["verdict"]})
        sides.append(side[~side["key"].duplicated(keep=False)])
    pairs = sides[0].merge(sides[1], on="key", suffixes=("_before", "_after"))
    return pairs[["trial_before", "trial_after", "verdict_before", "verdict_after"]]


def _keys(trials: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    columns = {"seed": trials["seed"]}
    for name in names:
        column = trials[name]
        if is_numeric(column):
            # Twelve digits: what a study file says and what a table holds are the same then.
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
            columns[name] = pd.Series([f"{number:.12g}" for number in numbers], index=trials.index)
        else:
            columns[name] = column.astype("object").where(column.notna(), None).map(repr)
    frame = pd.DataFrame(columns)
    return pd.Series(list(map(tuple, frame.astype("str").to_numpy())), index=trials.index)


def compare_pairs(pairs: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Counts how often the same trials were stable before and after.

    Args:
        pairs: What `paired_trials` returned.
        confidence: Two-sided, in (0, 1).

    Returns:
        One row: `pairs`; stable in `both`, `only_before`, `only_after`, `neither`; `difference`
        of the probability of stable with its paired Newcombe interval `low`, `high`; `p_value`
        of McNemar's exact test. NaN and 1 without pairs.
    """
    before = (pairs["verdict_before"] == "stable").to_numpy()
    after = (pairs["verdict_after"] == "stable").to_numpy()
    both, neither = int((before & after).sum()), int((~before & ~after).sum())
    only_before, only_after = int((before & ~after).sum()), int((~before & after).sum())
    low, high = newcombe_paired_interval(
        both, only_before, only_after, neither, confidence=confidence
    )
    number = len(pairs)
    return pd.DataFrame(
        {
            "pairs": [number],
            "both": [both],
            "only_before": [only_before],
            "only_after": [only_after],
            "neither": [neither],
            "difference": [(only_after - only_before) / number if number else np.nan],
            "low": [low],
            "high": [high],
            "p_value": [mcnemar(only_before, only_after)],
        }
    )


def changed_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Counts which verdicts of the same trials went to which others.

    Returns:
        `before`, `after`, `trials`, the most frequent change first.
    """
    moved = pairs[pairs["verdict_before"] != pairs["verdict_after"]]
    counts = moved.groupby(["verdict_before", "verdict_after"]).size().rename("trials")
    frame = counts.reset_index().set_axis(["before", "after", "trials"], axis=1)
    return frame.sort_values(
        ["trials", "before", "after"], ascending=[False, True, True], ignore_index=True
    )
