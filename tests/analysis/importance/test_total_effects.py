from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from analysis import stability_importance, stability_interactions
from analysis.space.coordinates import coordinates
from analysis.space.owners import dependents


def study(number, probability, *, seed=0, **axes):
    """Trials whose hyperparameters are drawn by `axes` and that are stable by `probability`."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: draw(rng, number) for name, draw in axes.items()})
    stable = rng.random(number) < probability(frame)
    return frame.assign(verdict=np.where(stable, "stable", "exploding"))


def uniform(rng, number):
    return rng.uniform(0, 1, number)


def coin(rng, number):
    return rng.choice(["on", "off"], number)


def by_name(table):
    return table.set_index("x")


def test_total_effects_are_those_of_the_closed_form():
    # p = 0.1 + 0.6 [a on] + 0.2 [b on]: variances 0.09 and 0.01; of the indicator 0.25.
    def probability(frame):
        return 0.1 + 0.6 * (frame["a"] == "on") + 0.2 * (frame["b"] == "on")

    table = by_name(stability_importance(study(4000, probability, a=coin, b=coin, c=uniform)))
    assert table.loc["a", "importance"] == pytest.approx(0.09 / 0.25, abs=0.04)
    assert table.loc["b", "importance"] == pytest.approx(0.01 / 0.25, abs=0.02)
    assert table.loc["c", "low"] == 0 < table.loc["c", "high"]
    assert table.loc["c", "high"] < 0.02


def test_two_that_act_only_together():
    # Stable where exactly one is on: neither has an effect of its own.
    def probability(frame):
        return np.where(frame["a"] != frame["b"], 0.9, 0.1)

    trials = study(3000, probability, a=coin, b=coin, c=coin)
    pairs = stability_interactions(trials)
    assert set(pairs.loc[0, ["x", "y"]]) == {"a", "b"}
    # All of the 0.64 of the variance that is no luck, of both and between them.
    assert pairs.loc[0, "interaction"] == pytest.approx(0.64, abs=0.06)
    assert pairs.loc[0, "importance"] == pytest.approx(0.64, abs=0.06)
    assert (pairs.loc[1:, "interaction_high"] < 0.05).all()


def test_two_that_only_add_up_do_not_interact():
    def probability(frame):
        return 0.1 + 0.4 * (frame["a"] == "on") + 0.4 * (frame["b"] == "on")

    pair = stability_interactions(study(4000, probability, a=coin, b=coin)).iloc[0]
    assert pair["interaction_low"] < 0.01 and pair["interaction"] < 0.02


@pytest.mark.slow
def test_intervals_are_as_wide_as_the_estimate_varies_and_cover_nothing_where_there_is_nothing():
    def probability(frame):
        return np.where(frame["a"] < 0.5, 0.9, 0.2)

    found = [
        by_name(stability_importance(study(300, probability, seed=seed, a=uniform, b=uniform)))
        for seed in range(12)
    ]
    deviation = np.std([one.loc["a", "importance"] for one in found])
    half = np.mean([one.loc["a", "high"] - one.loc["a", "importance"] for one in found])
    assert 1.4 * deviation < half < 4 * deviation
    covered = sum(one.loc["b", "low"] == 0 for one in found)
    assert covered >= 9


def test_a_conditional_hyperparameter_matters_where_it_exists():
    rng = np.random.default_rng(0)
    optimizer = rng.choice(["sgd", "adam"], 4000)
    momentum = np.where(optimizer == "sgd", rng.uniform(0, 1, 4000), np.nan)
    stable = np.where(optimizer == "sgd", momentum < 0.5, rng.random(4000) < 0.5)
    trials = pd.DataFrame(
        {
            "optimizer": optimizer,
            "momentum": momentum,
            "verdict": np.where(stable, "stable", "exploding"),
        }
    )
    assert dependents(coordinates(trials)) == {"optimizer": ("momentum",), "momentum": ()}
    table = by_name(stability_importance(trials))
    # It decides half of the trials wholly. The optimizer goes with the momentum that comes of it.
    assert table.loc["momentum", "importance"] == pytest.approx(0.5, abs=0.05)
    assert table.loc["optimizer", "importance"] >= table.loc["momentum", "importance"] - 0.1
    assert stability_interactions(trials).empty


def test_no_clipping_is_a_value_among_numbers():
    def probability(frame):
        return np.where(np.isinf(frame["clip_norm"]), 0.1, 0.9)

    trials = study(1500, probability, clip_norm=lambda rng, n: rng.choice([0.1, 1.0, np.inf], n))
    row = stability_importance(trials).iloc[0]
    assert row["x"] == "clip_norm" and row["low"] > 0.4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "stable"}, "All trials agree"),
        ({"a": 1.0}, "No hyperparameter varied"),
    ],
)
def test_where_nothing_can_be_told_it_says_why(change, says):
    trials = study(200, lambda frame: np.full(len(frame), 0.5), a=uniform).assign(**change)
    table = stability_importance(trials)
    assert table.empty and says in table.attrs["reason"]
    assert stability_interactions(trials).attrs["reason"] == table.attrs["reason"]


def test_ten_trials_are_too_few():
    trials = study(10, lambda frame: np.full(10, 0.5), a=uniform)
    trials.loc[[0, 1], "verdict"] = ["stable", "stalled"]
    assert "Fewer than 20" in stability_importance(trials).attrs["reason"]


@pytest.mark.slow
def test_a_hundred_thousand_trials_are_sampled_and_quick():
    axes = {name: uniform for name in "abcdefgh"}
    settings = study(25_000, lambda frame: frame["a"] * frame["b"], **axes)
    trials = settings.loc[settings.index.repeat(4)].reset_index(drop=True)
    trials["verdict"] = study(100_000, lambda frame: trials["a"] * trials["b"], a=uniform)[
        "verdict"
    ]
    trials["configuration"] = np.arange(100_000) // 4
    stability_importance(trials.head(100))
    started = time.process_time()
    table = stability_importance(trials)
    assert time.process_time() - started < 10
    assert table.attrs["used"] <= 6000 and table.attrs["total"] == 100_000
    assert set(table["x"].head(2)) == {"a", "b"}
