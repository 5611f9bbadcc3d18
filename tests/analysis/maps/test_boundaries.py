from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, largest_learning_rate, load_trials


def study(rates, stable, **columns):
    verdicts = np.where(stable, "stable", "exploding")
    return pd.DataFrame({"learning_rate": rates, "verdict": verdicts, **columns})


def test_the_extremes_are_those_observed(home):
    trials = load_trials("digits-mlp", home=home)
    found = largest_learning_rate(trials)
    assert len(found) == 25
    for row in found.to_dict("records"):
        cell = trials[
            (trials["depth"] == int(row["depth"])) & (trials["activation"] == row["activation"])
        ]
        stable = cell.loc[cell["verdict"] == "stable", "learning_rate"]
        assert (row["trials"], row["stable"]) == (len(cell), len(stable))
        assert row["largest"] == stable.max() and row["smallest"] == stable.min()
        assert row["failed_above"] == (cell["learning_rate"] > stable.max()).sum()
        assert row["largest_high"] > row["largest"]


def test_the_bound_is_where_all_arrangements_make_the_run_an_accident():
    # 4 stable of 6 trials, then failures; by brute force over all arrangements of 3 among 5 + k.
    rates = np.arange(1.0, 16.0)
    stable = np.isin(rates, [1, 2, 4, 6])
    found = largest_learning_rate(study(rates, stable), by=())

    def accident(run):
        arrangements = list(combinations(range(5 + run), 3))
        return sum(max(chosen) < 5 for chosen in arrangements) / len(arrangements)

    needed = next(run for run in range(1, 10) if accident(run) <= 0.05)
    assert found["largest"].item() == 6.0
    assert found["largest_high"].item() == 6.0 + needed


def test_a_hard_edge_lies_inside_the_band_as_often_as_promised():
    rng = np.random.default_rng(3)
    edge, inside, bounded = 0.1, 0, 0
    for _ in range(400):
        rates = 10 ** rng.uniform(-4, 1, 20)
        stable = (rates < edge) & (rates > 1e-3) & (rng.random(20) < 0.6)
        row = largest_learning_rate(study(rates, stable), by=()).iloc[0]
        if row["stable"]:
            inside += row["largest"] <= edge <= row["largest_high"]
            bounded += math.isfinite(row["largest_high"])
    assert inside / 400 >= 0.93
    assert bounded / 400 > 0.6, "a bound that is never found would cover, and say nothing"


def test_nothing_above_sets_no_bound():
    row = largest_learning_rate(study([0.1, 0.2, 0.3], [True] * 3), by=()).iloc[0]
    assert row["largest"] == 0.3 and row["largest_high"] == math.inf
    assert row["smallest"] == 0.1 and row["smallest_low"] == 0.0


def test_without_a_stable_trial_there_is_no_rate():
    row = largest_learning_rate(study([0.1, 0.2], [False] * 2), by=()).iloc[0]
    assert row["stable"] == 0 and math.isnan(row["largest"]) and math.isnan(row["largest_high"])


def test_unobserved_combinations_are_listed():
    trials = study([0.1, 0.2], [True, False], depth=[2, 4], activation=["tanh", "relu"])
    found = largest_learning_rate(trials)
    assert len(found) == 4 and list(found["trials"]) == [0, 1, 1, 0]


def test_a_missing_column_is_named():
    with pytest.raises(AnalysisError, match="unknown hyperparameter 'depth'"):
        largest_learning_rate(study([0.1], [True]))
