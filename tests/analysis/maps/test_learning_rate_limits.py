from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, stability_model
from analysis.maps.learning_rate_limits import learning_rate_limits
from tests.support.synthetic import SPACE, edge


def study(number, stable, *, seed=0):
    """Depth and learning rate at random; `stable(rate, depth)` says which are."""
    rng = np.random.default_rng(seed)
    rate, depth = 10 ** rng.uniform(-4, 1, number), rng.choice([2, 4, 8, 16, 32], number)
    frame = pd.DataFrame({"trial": np.arange(number), "learning_rate": rate, "depth": depth})
    frame["verdict"] = np.where(stable(rate, depth), "stable", "exploding")
    frame.attrs = {"hyperparameters": {name: SPACE[name] for name in ("learning_rate", "depth")}}
    return frame


def test_both_limits_of_a_window_lie_in_their_intervals():
    trials = study(600, lambda rate, depth: (rate > 1e-3) & (rate < edge(depth)))
    table = learning_rate_limits(trials, ["depth"])
    assert list(table["value"]) == ["", "2", "4", "8", "16", "32"]
    assert table["trials"].iloc[0] == 600 and table["trials"].iloc[1:].sum() == 600
    for row in table.iloc[1:].to_dict("records"):
        assert row["smallest_low"] < 1e-3 < row["smallest_high"] < 2e-3
        assert row["largest_low"] < edge(int(row["value"])) < row["largest_high"]
        assert row["largest_high"] < 3 * row["largest_low"] and row["reached"] > 0.99


@pytest.mark.slow
def test_a_limit_beyond_what_was_tried_is_infinite():
    rows = learning_rate_limits(study(200, lambda rate, depth: rate > 0), ["depth"])
    assert np.isposinf(rows["largest"]).all() and (rows["smallest"] == 0).all()
    rows = learning_rate_limits(study(200, lambda rate, depth: rate < 0.1), ["depth"])
    assert (rows["smallest"] == 0).all() and (rows["largest"] < 1).all()


def test_where_no_rate_reaches_one_half_there_is_none():
    rng = np.random.default_rng(99)
    trials = study(400, lambda rate, depth: (depth < 10) | (rng.random(len(rate)) < 0.05))
    rows = learning_rate_limits(trials, ["depth"]).set_index("value")
    for depth in ("16", "32"):
        assert rows.loc[depth, "reached"] < 0.2
        assert rows.loc[depth, "largest"] == 0 and math.isinf(rows.loc[depth, "smallest"])
    assert rows.loc["2", "reached"] > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_few_trials_bound_nothing_and_raise_no_warning(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = learning_rate_limits(study(number, lambda rate, depth: rate < 1), ["depth"])
    assert (rows["largest_low"] == 0).any() and np.isposinf(rows["largest_high"]).all()


def test_what_is_no_number_is_refused():
    trials = study(5, lambda rate, depth: rate < 1)
    trials["learning_rate"] = "fast"
    trials.attrs = {}
    with pytest.raises(AnalysisError, match="learning_rate must be a number"):
        learning_rate_limits(trials, ["depth"])


@pytest.mark.slow
def test_of_a_boundary_study_the_model_finds_narrower_limits_around_the_same_truth():
    rng = np.random.default_rng(3)
    number, even = 200, 56
    shift = {"tanh": -0.6, "relu": 0.0, "selu": 0.6}
    depth, activation = rng.choice([2, 8], number), rng.choice(list(shift), number)
    # Half of the activations train at any rate below this one.
    half = np.where(depth == 2, 0.0, -1.5)
    edges = half + np.array([shift[name] for name in activation])
    uniform, near = rng.uniform(-4, 1, number), edges + rng.uniform(-0.5, 0.5, number)
    placed_evenly = np.arange(number) < even
    rate = np.where(placed_evenly, uniform, np.minimum(near, 1.0))
    trials = pd.DataFrame(
        {
            "trial": np.arange(number),
            "configuration": np.arange(number),
            "depth": depth,
            "activation": activation,
            "learning_rate": 10**rate,
            "design": np.where(placed_evenly, "space-filling", "boundary"),
            "verdict": np.where(rate < edges, "stable", "exploding"),
        }
    )
    trials.attrs = {
        "hyperparameters": {
            "depth": {"kind": "choice", "choices": [2, 8]},
            "activation": {"kind": "choice", "choices": list(shift)},
            "learning_rate": SPACE["learning_rate"],
        }
    }
    model = stability_model(trials)
    alone, modelled = (
        learning_rate_limits(trials, ["depth"], model=each).set_index("value")
        for each in (None, model)
    )
    assert modelled["trials"].tolist() == alone["trials"].tolist()
    for value, edge_rate in (("2", 1.0), ("8", 10**-1.5)):
        row, other = modelled.loc[value], alone.loc[value]
        assert row["largest_low"] < edge_rate < row["largest_high"]
        assert (
            row["largest_high"] / row["largest_low"]
            < other["largest_high"] / (other["largest_low"])
        )
