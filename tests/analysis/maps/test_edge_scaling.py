"""The power law of the edge: against tables whose law is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.maps.edge_scaling import edge_scaling, edge_window

SIZES = (16, 32, 64, 256)


def table(seed: int, *, last: float = 1.0) -> pd.DataFrame:
    """60 trials a size, which fail above 5 size^-0.6, the last size's at `last` times it."""
    rng = np.random.default_rng(seed)
    rows = []
    for size in SIZES:
        edge = 5 * size**-0.6 * (last if size == SIZES[-1] else 1.0)
        for rate in np.exp(rng.uniform(math.log(edge / 30), math.log(edge * 10), 60)):
            learns = rng.random() < 1 / (1 + math.exp(math.log(rate / edge) / 0.15))
            verdict = rng.choice(["stable", "slow"]) if learns else "exploding"
            rows.append({"width": size, "learning_rate": rate, "verdict": verdict})
    trials = pd.DataFrame(rows)
    trials["activation"] = "relu"
    trials.attrs["hyperparameters"] = {
        "width": {"kind": "choice", "choices": list(SIZES)},
        "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
        "activation": {"kind": "fixed", "value": "relu"},
    }
    return trials


def test_intervals_hold_the_exponent_and_an_edge_at_a_size_that_nobody_trained() -> None:
    held = within = 0
    factors = []
    for seed in range(20):
        found = edge_scaling(table(seed), "width")
        held += found.low <= -0.6 <= found.high
        beyond, truth = found.predict(1024), 5 * 1024**-0.6
        within += beyond.low <= truth <= beyond.high
        factors.append(max(beyond.edge / truth, truth / beyond.edge))
    assert held >= 18
    assert within >= 18
    assert np.median(factors) < 1.2


def test_the_largest_size_is_held_out_and_a_law_that_breaks_there_is_told() -> None:
    right = [edge_scaling(table(seed), "width").held_out for seed in range(5)]
    broken = [edge_scaling(table(seed, last=0.1), "width").held_out for seed in range(5)]
    assert sum(held is not None and not held.wrong for held in right) >= 4
    assert all(held is not None and held.wrong for held in broken)


def test_a_size_without_failures_has_no_edge_and_is_no_part_of_the_law() -> None:
    trials = table(0)
    bracketed = trials[trials["width"] < 256]
    trials.loc[trials["width"] == 256, "verdict"] = "stable"
    found = edge_scaling(trials, "width")
    assert found.sizes["edge"].isna().tolist() == [False, False, False, True]
    bracketed.attrs = trials.attrs
    assert found.exponent == edge_scaling(bracketed, "width").exponent


def test_further_trials_go_around_the_edge_that_is_expected() -> None:
    window = edge_window(table(1), "width", 1024)
    assert window is not None
    low, high = window
    assert low < 5 * 1024**-0.6 < high
    assert high / low < 30
    one = table(1)
    one = one[one["width"] == 16]
    one.attrs = table(1).attrs
    assert edge_window(one, "width", 1024) is None


def test_what_cannot_be_asked() -> None:
    with pytest.raises(AnalysisError, match="activation must be a number, but holds names"):
        edge_scaling(table(0), "activation")
    with pytest.raises(AnalysisError, match="`size > 0` must hold"):
        edge_scaling(table(0), "width").predict(0)
