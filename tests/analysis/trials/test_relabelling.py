from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, changed_thresholds, changed_verdicts


def test_changes_as_a_loop_counts_them(digits):
    before = digits.trials
    rng = np.random.default_rng(3)
    after = before[["trial", "verdict"]].copy()
    moved = rng.random(len(after)) < 0.3
    after.loc[moved, "verdict"] = rng.choice(["stable", "vanishing", "stalled"], moved.sum())
    after = after.sample(frac=1, random_state=0)
    old = dict(zip(before["trial"], before["verdict"], strict=True))
    expected = Counter(
        (old[row["trial"]], row["verdict"])
        for row in after.to_dict("records")
        if old[row["trial"]] != row["verdict"]
    )
    table = changed_verdicts(before, after)
    found = {(row["before"], row["after"]): row["trials"] for row in table.to_dict("records")}
    assert found == expected and len(expected) > 5
    assert table["trials"].is_monotonic_decreasing


def test_the_same_labels_change_nothing(digits):
    table = changed_verdicts(digits.trials, digits.trials)
    assert table.empty and list(table.columns) == ["before", "after", "trials"]


def test_fewer_trials_are_compared_and_others_refused(digits):
    assert changed_verdicts(digits.trials, digits.trials.head(5)).empty
    with pytest.raises(AnalysisError, match="507 of 512 are not, for example trial 5"):
        changed_verdicts(digits.trials.head(5), digits.trials)


def test_only_thresholds_that_differ_are_named():
    before, after = pd.DataFrame(), pd.DataFrame()
    before.attrs = {"thresholds": {"a": 1.0, "b": 2.0, "gone": 3.0}}
    after.attrs = {"thresholds": {"a": 1.0, "b": 2.5, "new": 4.0}}
    table = changed_thresholds(before, after)
    assert table["threshold"].tolist() == ["b", "new", "gone"]
    assert table.loc[0, ["before", "after"]].tolist() == [2.0, 2.5]
    assert np.isnan(table.loc[1, "before"]) and np.isnan(table.loc[2, "after"])
    assert changed_thresholds(before, before).empty
