from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis import Box, inside_box, safe_regions
from tests.support.repository import BENCHMARKS

BENCHMARK = BENCHMARKS / "safe_regions.py"


def box_of(row):
    return Box.from_dict(json.loads(row["where"]))


def known_study(number=2000, *, seed=0, seeds=1, noise=0.0):
    """Stable if depth 4-16, tanh or gelu, rate 0.001-0.03, clip norm up to 1, but for noise."""
    rng = np.random.default_rng(seed)
    size = number // seeds
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
    stable = np.where(rng.random(size) < noise, rng.random(size) < 0.5, inside)
    frame["verdict"] = np.where(stable, "stable", "exploding")
    return frame.loc[np.repeat(frame.index, seeds)].reset_index(drop=True)


def test_a_box_that_is_there_is_found_in_plain_words():
    found = safe_regions(known_study(20_000))
    assert found["box"].iloc[0] == (
        "depth 4–16, activation gelu or tanh, learning rate 0.001–0.03, clip norm at most 1"
    )
    assert found["purity"].iloc[0] == 1.0 and found["coverage"].iloc[0] > 0.95
    assert found.attrs["reason"] == ""


def test_edges_are_rounded_inward():
    trials = known_study(20_000)
    box = safe_regions(trials)["where"].iloc[0]
    rate = json.loads(box)["learning_rate"]
    assert rate["low"] >= 1e-3 and rate["high"] <= 3e-2
    assert "weight_decay" not in box


def test_purity_and_bound_are_those_of_the_trials_held_out():
    trials = known_study(3000, noise=0.3, seed=4)
    found = safe_regions(trials, boxes=1)
    row = found.iloc[0]
    inside = inside_box(trials, box_of(row))
    everything = int(inside.sum())
    # About half of the trials inside were held out, and the bound is theirs alone.
    assert 0.4 * everything < row["trials"] < 0.6 * everything
    exact = binomtest(int(row["stable"]), int(row["trials"]), alternative="greater")
    assert row["low"] == pytest.approx(exact.proportion_ci(0.95, method="exact").low)
    assert row["share"] == pytest.approx(row["trials"] / found.attrs["held_out"])


def test_more_boxes_share_the_confidence():
    trials = known_study(3000, noise=0.3)
    trials.loc[trials["activation"].eq("relu") & trials["learning_rate"].gt(0.1), "verdict"] = (
        "stable"
    )
    found = safe_regions(trials)
    assert len(found) == found.attrs["measured"] == 2
    row = found.iloc[0]
    exact = binomtest(int(row["stable"]), int(row["trials"]), alternative="greater")
    assert row["low"] == pytest.approx(exact.proportion_ci(1 - 0.05 / 2, method="exact").low)


def test_seeds_of_a_configuration_are_no_further_evidence():
    # Ten copies of each trial: a naive bound would take 10 times the trials for evidence.
    single = safe_regions(known_study(600, noise=0.3), boxes=1)
    copies = safe_regions(known_study(6000, noise=0.3, seeds=10), boxes=1)
    assert copies["low"].iloc[0] <= single["low"].iloc[0] + 0.05
    assert copies["trials"].iloc[0] % 10 == 0


def test_pure_noise_is_seldom_called_safe():
    rng = np.random.default_rng(1)
    called = 0
    for _ in range(40):
        trials = known_study(400, seed=int(rng.integers(2**31)))
        trials["verdict"] = rng.choice(["stable", "exploding"], 400, p=[0.4, 0.6])
        called += len(safe_regions(trials)) > 0
    assert called <= 2


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
    optimizer = rng.choice(["sgd", "adam"], 3000)
    momentum = np.where(optimizer == "sgd", rng.uniform(0, 1, 3000), np.nan)
    stable = (optimizer == "adam") | (momentum < 0.5)
    trials = pd.DataFrame(
        {
            "optimizer": optimizer,
            "momentum": momentum,
            "verdict": np.where(stable, "stable", "exploding"),
        }
    )
    row = safe_regions(trials, boxes=1).iloc[0]
    (condition,) = box_of(row).conditions
    assert condition.name == "momentum" and 0.44 <= condition.high <= 0.5
    assert inside_box(trials, box_of(row))[optimizer == "adam"].all()
    assert row["coverage"] > 0.95


def test_a_choice_that_no_trial_had_is_in_no_box():
    trials = known_study(2000)
    trials["initialization"] = np.where(np.arange(2000) % 2, "orthogonal", "he_normal")
    trials.attrs["hyperparameters"] = {
        "initialization": {"kind": "choice", "choices": ["lecun", "orthogonal", "he_normal"]}
    }
    where = json.loads(safe_regions(trials)["where"].iloc[0])
    assert where["initialization"] == ["orthogonal", "he_normal"]


def test_the_same_trials_give_the_same_boxes():
    trials = known_study(1000, noise=0.2)
    pd.testing.assert_frame_equal(safe_regions(trials), safe_regions(trials))


def test_a_hundred_thousand_trials_take_seconds():
    trials = known_study(100_000, noise=0.2)
    started = time.process_time()
    assert len(safe_regions(trials))
    assert time.process_time() - started < 3


def run(*options):
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--json", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("seeds", "sizes"),
    [("1", ["512"]), pytest.param("4", ["2048"], marks=pytest.mark.slow)],
)
def test_promises_hold_in_simulated_studies(seeds, sizes):
    for found in run("--studies", "40", "--seeds", seeds, "--trials", *sizes):
        # 40 studies of which 95 % keep their promise: 34 or fewer in one of 300 runs. The
        # benchmark has 200 of each size.
        assert found["with_boxes"] >= 35, found
        assert found["kept"] >= found["with_boxes"] - 5, found
