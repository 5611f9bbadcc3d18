from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from analysis import load_trials, telling_hyperparameters, telling_pairs


def coin_study(number=600, seed=0):
    """Stable iff exactly one of a and b is "on"; c tells nothing; d applies where c is on."""
    rng = np.random.default_rng(seed)
    a, b, c = (rng.choice(["on", "off"], number) for _ in range(3))
    d = np.where(c == "on", rng.choice([0.1, 0.9], number), np.nan)
    return pd.DataFrame(
        {"a": a, "b": b, "c": c, "d": d, "verdict": np.where(a != b, "stable", "stalled")}
    )


def test_what_decides_comes_first(home):
    trials = load_trials("digits-mlp", home=home)
    first = telling_pairs(trials).iloc[0]
    assert {first["x"], first["y"]} == {"learning_rate", "depth"}
    assert telling_hyperparameters(trials)["x"].iloc[0] == "learning_rate"


def test_a_pair_that_decides_though_neither_half_tells_anything():
    pairs = telling_pairs(coin_study())
    assert (pairs.iloc[0]["x"], pairs.iloc[0]["y"]) == ("a", "b")
    assert pairs.iloc[0]["share"] == pytest.approx(1.0, abs=0.02)
    assert telling_hyperparameters(coin_study())["share"].max() < 0.05


def test_information_agrees_with_scikit_learn_and_chance_with_permutations():
    trials = coin_study(80)
    row = telling_pairs(trials, n=10).set_index(["x", "y"]).loc[("b", "c")]
    codes = trials["b"] + trials["c"]
    assert row["information"] == pytest.approx(mutual_info_score(codes, trials["verdict"]))
    rng = np.random.default_rng(1)
    shuffled = [
        mutual_info_score(codes, rng.permutation(trials["verdict"].to_numpy())) for _ in range(400)
    ]
    assert row["by_chance"] == pytest.approx(np.mean(shuffled), rel=0.15)


def test_a_hyperparameter_of_noise_tells_about_nothing():
    rng = np.random.default_rng(5)
    trials = pd.DataFrame(
        {
            "x": rng.random(300),
            "y": rng.random(300),
            "verdict": rng.choice(["stable", "stalled"], 300),
        }
    )
    assert abs(telling_pairs(trials).iloc[0]["share"]) < 0.12


@pytest.mark.parametrize("verdict", ["stable", "exploding"])
def test_one_verdict_tells_nothing_apart(verdict):
    pairs = telling_pairs(coin_study().assign(verdict=verdict))
    assert len(pairs) == 4 and (pairs["share"] == 0).all()


def test_cells_of_one_trial_each_tell_next_to_nothing():
    # Ten trials in cells of their own decide everything in hindsight, and nothing in advance.
    trials = pd.DataFrame(
        {"x": list("abcdefghij"), "y": list("ababababab"), "verdict": ["stable", "stalled"] * 5}
    )
    single = telling_hyperparameters(trials).set_index("x")["share"]
    assert single["x"] == pytest.approx(0.0, abs=1e-9)
    assert single["y"] > 0.8


def test_one_varied_hyperparameter_makes_no_pair():
    assert telling_pairs(coin_study()[["a", "verdict"]]).empty
