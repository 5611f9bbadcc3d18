"""Shares of the space in a study whose sampler went to the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.importance.total_effects import importances
from analysis.space.design import trials_by_design, uniform_trials


def study(number: int = 4000) -> pd.DataFrame:
    """A quarter uniform on [0, 1]; the others at the edge x = 0.3, below which all is stable."""
    rng = np.random.default_rng(0)
    x = rng.random(number)
    edge = np.arange(number) % 4 != 0
    x[edge] = 0.3 + 0.02 * rng.standard_normal(int(edge.sum()))
    design = np.where(edge, "boundary", "space-filling")
    verdict = np.where(x < 0.3, "stable", "exploding")
    return pd.DataFrame({"x": x, "design": design, "verdict": verdict})


def test_the_uniform_part_gives_the_share_of_the_space() -> None:
    trials = study()
    assert abs((trials["verdict"] == "stable").mean() - 0.3) > 0.1
    uniform = uniform_trials(trials)
    assert len(uniform) == 1000
    assert abs((uniform["verdict"] == "stable").mean() - 0.3) < 0.04


def test_other_samplers_are_left_alone() -> None:
    trials = study()
    trials.attrs = {"study": "x"}
    assert uniform_trials(trials).attrs == {"study": "x"}
    nothing = trials.assign(design=None)
    assert uniform_trials(nothing) is nothing
    without = trials.drop(columns="design")
    assert uniform_trials(without) is without
    assert trials_by_design(without).empty and trials_by_design(nothing).empty


def test_where_the_trials_went() -> None:
    table = trials_by_design(study()).set_index("design")
    assert table["trials"].to_dict() == {"space-filling": 1000, "boundary": 3000}
    assert 0.25 < table.loc["space-filling", "stable_share"] < 0.35
    assert 0.45 < table.loc["boundary", "stable_share"] < 0.55


def test_importance_is_of_the_space_whatever_was_placed_at_the_boundary() -> None:
    trials = study(400).assign(y=np.random.default_rng(1).random(400))
    trials = trials.assign(configuration=range(400), trial=range(400))
    table = importances(trials).single.set_index("x")
    # x decides everything and y nothing: shares of the space are 1 and 0.
    assert table.loc["x", "high"] > 0.95 and table.loc["x", "importance"] > 0.7
    assert table.loc["y", "low"] == 0 and table.loc["y", "importance"] < 0.1
