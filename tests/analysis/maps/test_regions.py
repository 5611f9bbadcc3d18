from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis import AnalysisError, load_trials, stability_regions


@pytest.fixture(scope="module")
def trials(home):
    return load_trials("digits-mlp", home=home)


def test_every_cell_agrees_with_a_count_by_hand(trials):
    regions = stability_regions(trials, "learning_rate", "depth")
    assert regions["trials"].sum() == len(trials)
    for row in regions.to_dict("records"):
        last = row["x_high"] == regions["x_high"].max()
        below = (
            trials["learning_rate"] <= row["x_high"]
            if last
            else (trials["learning_rate"] < row["x_high"])
        )
        inside = trials[
            (trials["learning_rate"] >= row["x_low"]) & below & (trials["depth"] == int(row["y"]))
        ]
        assert row["trials"] == len(inside)
        assert row["exploding"] == (inside["verdict"] == "exploding").sum()
        if len(inside):
            stable = int((inside["verdict"] == "stable").sum())
            interval = binomtest(stable, len(inside)).proportion_ci(method="wilson")
            assert row["probability"] == stable / len(inside)
            assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
            assert row["most_common"] in set(inside["verdict"].mode())


def test_empty_cells_are_present_and_know_nothing(trials):
    regions = stability_regions(trials.head(5), "activation", "initialization")
    assert len(regions) == 20
    empty = regions[regions["trials"] == 0]
    assert len(empty) >= 15
    assert empty[["probability", "low", "high"]].isna().all(axis=None)
    assert empty["most_common"].isna().all()


def test_a_selection_keeps_the_cells_of_all_trials(trials):
    everything = stability_regions(trials, "learning_rate", "depth")
    deep = stability_regions(
        trials, "learning_rate", "depth", where={"activation": "tanh", "clip_norm": ["none", 1]}
    )
    assert list(deep["x"]) == list(everything["x"])
    chosen = (trials["activation"] == "tanh") & trials["clip_norm"].isin([np.inf, 1.0])
    assert deep["trials"].sum() == chosen.sum()


def test_trials_without_one_of_the_two_are_left_out_and_counted():
    frame = pd.DataFrame(
        {
            "optimizer": ["sgd", "adam", "sgd"],
            "momentum": [0.5, None, 0.9],
            "verdict": ["stable", "stable", "stalled"],
        }
    )
    regions = stability_regions(frame, "momentum", "optimizer")
    assert regions["trials"].sum() == 2 and regions.attrs["left_out"] == 1


def test_one_hyperparameter_alone(trials):
    regions = stability_regions(trials, "depth")
    assert list(regions["x"]) == ["2", "4", "8", "16", "32"]
    counted = trials.groupby("depth")["verdict"].apply(
        lambda verdicts: (verdicts == "stable").sum()
    )
    assert list(regions["stable"]) == list(counted)


def test_unknown_names_are_refused(trials):
    with pytest.raises(AnalysisError, match="unknown hyperparameter 'dept'; known: depth"):
        stability_regions(trials, "learning_rate", "dept")
    with pytest.raises(AnalysisError, match="unknown hyperparameter"):
        stability_regions(trials, "learning_rate", "depth", where={"norm": "batch"})
