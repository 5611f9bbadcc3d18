"""Regions found by the model, against studies whose stable part is known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis import Box, inside_box, recommended_region, safe_regions
from analysis.safe_regions.candidates import WIDENED, Belief
from analysis.space.coordinates import coordinates


def box_of(row):
    return Box.from_dict(json.loads(row["where"]))


def known_study(size, *, seed=0):
    """Stable if depth 4-16, tanh or gelu, rate 0.001-0.03, clip norm up to 1."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "configuration": np.arange(size),
            "depth": rng.choice([2, 4, 8, 16, 32], size),
            "activation": rng.choice(["relu", "tanh", "gelu"], size),
            "learning_rate": 10 ** rng.uniform(-4, 0, size),
            "clip_norm": rng.choice([0.1, 1.0, 10.0, np.inf], size),
            "weight_decay": 10 ** rng.uniform(-6, -1, size),
        }
    )
    inside = (
        frame["depth"].between(4, 16)
        & frame["activation"].isin(["tanh", "gelu"])
        & frame["learning_rate"].between(1e-3, 3e-2)
        & (frame["clip_norm"] <= 1)
    )
    frame["verdict"] = np.where(inside, "stable", "exploding")
    return frame


@pytest.fixture(scope="module")
def found():
    """The regions of a study whose stable part is one box."""
    return safe_regions(known_study(1500))


def test_a_region_that_is_there_is_found_in_plain_words(found):
    where = json.loads(found["where"].iloc[0])
    assert where["depth"] == {"low": 4, "high": 16} and set(where["activation"]) == {
        "gelu",
        "tanh",
    }
    assert where["clip_norm"] == {"high": 1} and "weight_decay" not in where
    # Edges are rounded inward, and lose little.
    rate = where["learning_rate"]
    assert 0.8e-3 <= rate["low"] <= 2e-3 and 0.02 <= rate["high"] <= 0.035
    assert found["box"].iloc[0].startswith("depth 4–16, activation gelu or tanh, learning rate ")
    assert found["low"].iloc[0] >= 0.9 and found["coverage"].iloc[0] > 0.8
    assert found.attrs["reason"] == ""


def test_the_largest_regions_of_given_purities_are_told_too(found):
    largest = found.attrs["largest"]
    assert largest["0.9"]["low"] >= 0.9
    assert largest["0.99"] is None or largest["0.99"]["share"] <= largest["0.9"]["share"]


def test_purity_and_bound_are_those_of_the_draws():
    # Four configurations, three of them in the box, in draws that can be averaged by hand.
    frame = pd.DataFrame({"rate": [0.1, 0.2, 0.3, 0.9]})
    draws = np.array([[1.0, 1.0, 1.0, 0.0], [0.8, 0.5, 0.5, 0.0], [0.6, 0.9, 0.3, 0.0]])
    belief = Belief(coordinates(frame, ["rate"]), draws, confidence=0.95)
    box = Box.from_dict({"rate": {"high": 0.3}})
    measured = belief.measure(box, np.array([True, False, False, True]))
    assert measured.volume == 0.75 and measured.fresh == 0.25
    purities = np.array([1.0, 0.6, 0.6])
    assert measured.purity == pytest.approx(purities.mean())
    below = purities.mean() - np.quantile(purities, 0.05)
    assert measured.low == pytest.approx(purities.mean() - WIDENED * below)


def test_a_smaller_region_is_found_inside_one_that_did_not_hold():
    trials = known_study(800)
    outer = Box.from_dict({"depth": {"high": 16}, "activation": ["tanh"]})
    region = recommended_region(trials, outer.to_dict())
    assert region is not None and region["where"]["activation"] == ["tanh"]
    assert region["where"]["depth"] == {"low": 4, "high": 16}
    assert set(region["where"]) > {"learning_rate"}


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_pure_noise_is_not_called_safe(seed):
    trials = known_study(300, seed=seed)
    rng = np.random.default_rng(seed)
    trials["verdict"] = rng.choice(["stable", "exploding"], 300, p=[0.4, 0.6])
    assert safe_regions(trials).empty


@pytest.mark.parametrize(
    ("trials", "says"),
    [
        (known_study(10).assign(verdict=["stable", "stalled"] * 5), "too few"),
        (known_study(600).assign(verdict="exploding"), "No trial was stable"),
        (known_study(600).assign(verdict="stable"), "Every trial was stable"),
        (known_study(600)[["configuration", "verdict"]], "No hyperparameter varied"),
        (known_study(600).iloc[:0], "no trials"),
    ],
)
def test_where_there_is_nothing_to_report_it_says_why(trials, says):
    found = safe_regions(trials)
    assert found.empty and says in found.attrs["reason"]


def test_a_hyperparameter_that_does_not_apply_breaks_no_condition():
    rng = np.random.default_rng(2)
    optimizer = rng.choice(["sgd", "adam"], 800)
    momentum = np.where(optimizer == "sgd", rng.uniform(0, 1, 800), np.nan)
    stable = (optimizer == "adam") | (momentum < 0.5)
    trials = pd.DataFrame(
        {
            "configuration": np.arange(800),
            "optimizer": optimizer,
            "momentum": momentum,
            "verdict": np.where(stable, "stable", "exploding"),
        }
    )
    row = safe_regions(trials).iloc[0]
    (condition,) = box_of(row).conditions
    assert condition.name == "momentum" and 0.44 <= condition.high <= 0.56
    assert inside_box(trials, box_of(row))[optimizer == "adam"].all()
    assert row["coverage"] > 0.95


def test_a_choice_that_no_trial_had_is_in_no_region():
    trials = known_study(400)
    trials["initialization"] = np.where(np.arange(400) % 2, "orthogonal", "he_normal")
    trials.attrs["hyperparameters"] = {
        "initialization": {"kind": "choice", "choices": ["lecun", "orthogonal", "he_normal"]}
    }
    where = json.loads(safe_regions(trials)["where"].iloc[0])
    assert where["initialization"] == ["orthogonal", "he_normal"]


def test_the_same_trials_give_the_same_regions():
    trials = known_study(200)
    regions = safe_regions(trials)
    assert len(regions)
    pd.testing.assert_frame_equal(regions, safe_regions(trials))
