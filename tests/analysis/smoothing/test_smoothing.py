from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis import AnalysisError, stability_regions
from analysis.smoothing import boundary_band, smooth_map, smoothed_regions

SPACE = {
    "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
    "depth": {"kind": "choice", "choices": [2, 4, 8, 16, 32]},
    "activation": {"kind": "choice", "choices": ["tanh", "relu"]},
    "clip_norm": {"kind": "choice", "choices": [0.1, 1.0, "none"]},
}


def edge(depth):
    return 10 ** (-0.5 - 0.05 * depth)


def chance(rate, depth):
    return expit(4 * (np.log10(edge(depth)) - np.log10(rate)))


def study(number, *, seed=0, stable=None):
    """Stable with `chance`, whatever activation and clipping."""
    rng = np.random.default_rng(seed)
    rate, depth = 10 ** rng.uniform(-4, 1, number), rng.choice([2, 4, 8, 16, 32], number)
    if stable is None:
        stable = rng.random(number) < chance(rate, depth)
    frame = pd.DataFrame(
        {
            "trial": np.arange(number),
            "configuration": np.arange(number),
            "learning_rate": rate,
            "depth": depth,
            "activation": rng.choice(["tanh", "relu"], number),
            "clip_norm": rng.choice([0.1, 1.0, np.inf], number),
            "verdict": np.where(stable, "stable", "exploding"),
        }
    )
    frame.attrs = {"hyperparameters": SPACE}
    return frame


@pytest.fixture(scope="module")
def trials():
    return study(512)


@pytest.fixture(scope="module")
def fitted(trials):
    return smooth_map(trials, "learning_rate", "depth")


def test_cells_are_nearer_to_the_truth_than_their_frequencies(trials, fitted):
    table = smoothed_regions(trials, "learning_rate", "depth", fitted=fitted)
    raw = stability_regions(trials, "learning_rate", "depth")
    pd.testing.assert_frame_equal(table[raw.columns], raw)
    middle = np.sqrt(table["x_low"] * table["x_high"])
    truth = chance(middle, table["y_low"])
    assert (table["smoothed"] - truth).abs().mean() < 0.6 * (
        table["probability"] - truth
    ).abs().mean()
    inside = (table["smoothed_low"] - 0.02 <= truth) & (truth <= table["smoothed_high"] + 0.02)
    assert inside.mean() > 0.9
    width = table["smoothed_high"] - table["smoothed_low"]
    assert width.mean() < 0.6 * (table["high"] - table["low"]).mean()


def test_the_band_holds_the_boundary_at_every_depth(trials, fitted):
    band = boundary_band(trials, "learning_rate", "depth", fitted=fitted)
    assert list(band["y"]) == ["2", "4", "8", "16", "32"] and set(band["stable"]) == {"below"}
    for row in band.to_dict("records"):
        assert row["low"] < edge(row["y_value"]) < row["high"]
        assert row["low"] < row["estimate"] < row["high"] < 30 * row["low"]


def test_more_trials_make_the_band_narrower(trials, fitted):
    def width(table):
        return np.log10(table["high"] / table["low"]).mean()

    many = study(10_000, seed=1)
    wide = boundary_band(trials, "learning_rate", "depth", fitted=fitted)
    narrow = boundary_band(many, "learning_rate", "depth")
    assert width(narrow) < 0.35 * width(wide)


def test_the_same_trials_give_the_same_numbers():
    trials = study(40)
    one, two = (smoothed_regions(trials, "depth") for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "stable"), [(0, None), (1, True), (3, False), (3, True)])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("learning_rate", "depth"),
        ("depth", None),
        ("activation", "clip_norm"),
        ("clip_norm", None),
    ],
)
def test_next_to_nothing_known_gives_wide_intervals_and_no_warning(number, stable, x, y):
    trials = study(number, stable=stable)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = smooth_map(trials, x, y)
        table = smoothed_regions(trials, x, y, fitted=fitted)
        if x != "activation":
            boundary_band(trials, x, y, fitted=fitted)
    if number:
        assert (table["smoothed_high"] - table["smoothed_low"]).max() > 0.6
    assert table[["smoothed", "smoothed_low", "smoothed_high"]].notna().all(axis=None)


def test_one_value_only_is_a_plain_proportion():
    trials = study(200, stable=np.arange(200) < 60)
    trials["depth"], trials["learning_rate"] = 4, 0.1
    trials.attrs = {}
    row = smoothed_regions(trials, "learning_rate", "depth").iloc[0]
    assert row["smoothed"] == pytest.approx(0.3, abs=0.02)
    assert row["smoothed_low"] == pytest.approx(row["low"], abs=0.03)
    assert row["smoothed_high"] == pytest.approx(row["high"], abs=0.03)


def test_a_band_without_trials_is_everything():
    band = boundary_band(study(0), "learning_rate", "depth")
    assert (band["low"] == 0).all() and np.isposinf(band["high"]).all() and len(band) == 5


def test_no_limit_is_a_level_beyond_the_largest():
    trials = study(300, stable=None)
    trials["verdict"] = np.where(trials["clip_norm"] < 5, "stable", "exploding")
    table = smoothed_regions(trials, "clip_norm").set_index("x")
    assert table.loc["none", "smoothed"] < 0.1 < 0.9 < table.loc["1", "smoothed"]
    band = boundary_band(trials, "clip_norm")
    assert len(band) == 1 and band["low"].item() >= 1 and band["stable"].item() == "below"


def test_names_that_behave_alike_lend_each_other_trials():
    trials = study(400)
    few = trials[(trials["activation"] == "tanh") | (trials.index < 30)]
    few.attrs = trials.attrs
    table = smoothed_regions(few, "learning_rate", "activation")
    relu = table[table["y"] == "relu"]
    width, raw = relu["smoothed_high"] - relu["smoothed_low"], relu["high"] - relu["low"]
    assert width.mean() < 0.7 * raw.fillna(1).mean()


def test_weights_undo_a_design_that_prefers_failures():
    trials = study(4000)
    rng = np.random.default_rng(77)
    failed = (trials["verdict"] != "stable").to_numpy()
    keep = rng.random(len(trials)) < np.where(failed, 1.0, 0.25)
    chosen = trials[keep].assign(weight=np.where(failed, 1.0, 4.0)[keep])
    chosen.attrs = trials.attrs
    plain = smoothed_regions(chosen, "depth")["smoothed"]
    by_column = smoothed_regions(chosen, "depth", weights="weight")["smoothed"]
    truth = smoothed_regions(trials, "depth")["smoothed"]
    assert (by_column - truth).abs().max() < 0.05 < (plain - truth).abs().max()


def test_seeds_that_always_agree_count_once():
    rng = np.random.default_rng(2)
    once = study(150, stable=rng.random(150) < 0.5)
    again = pd.concat([once] * 8, ignore_index=True)
    again.attrs = once.attrs

    def width(frame):
        table = smoothed_regions(frame, "depth")
        return (table["smoothed_high"] - table["smoothed_low"]).mean()

    naive = again.assign(configuration=np.arange(len(again)))
    naive.attrs = once.attrs
    assert width(again) == pytest.approx(width(once), rel=0.2)
    assert width(naive) < 0.6 * width(once)


def test_what_cannot_be_asked_is_said(trials):
    with pytest.raises(AnalysisError, match="unknown hyperparameter 'depht'"):
        smooth_map(trials, "learning_rate", "depht")
    with pytest.raises(AnalysisError, match="no column 'w'"):
        smooth_map(trials, "depth", weights="w")
    with pytest.raises(AnalysisError, match="one finite number >= 0"):
        smooth_map(trials, "depth", weights=-np.ones(len(trials)))
    with pytest.raises(AnalysisError, match="activation holds names"):
        boundary_band(trials, "activation")


def test_trials_to_which_an_axis_does_not_apply_are_left_out():
    trials = study(60)
    trials["momentum"] = np.where(np.arange(60) % 2, np.linspace(0, 0.9, 60), math.nan)
    assert smoothed_regions(trials, "momentum", "depth")["smoothed"].notna().all()


def test_a_boundary_that_is_crossed_twice_is_two_rows():
    """A window of half a decade, so few trials that one piece of the band spans it."""
    rng = np.random.default_rng(3)
    exponent = rng.uniform(-4, 1, 60)
    stable = np.abs(exponent + 1.5) < 0.35
    trials = pd.DataFrame(
        {
            "trial": np.arange(60),
            "learning_rate": 10**exponent,
            "verdict": np.where(stable, "stable", "exploding"),
        }
    )
    trials.attrs = {"hyperparameters": {"learning_rate": SPACE["learning_rate"]}}
    band = boundary_band(trials, "learning_rate")
    # Where the axis ends, few trials may leave open on which side it lies.
    band = band[band["stable"] != "neither"]
    assert band["stable"].tolist() == ["above", "below"]
    low, high = band["estimate"]
    assert band["low"].iloc[0] < low <= band["high"].iloc[0] <= band["low"].iloc[1] < high
