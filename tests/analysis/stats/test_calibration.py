from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from analysis import brier_scores, held_out_probabilities, reliability, wilson_interval
from tests.analysis.smoothing.test_smoothing import chance, study


@pytest.fixture(scope="module")
def trials():
    return study(300, seed=8)


@pytest.fixture(scope="module")
def held_out(trials):
    return held_out_probabilities(trials, "learning_rate", "depth")


@pytest.mark.slow
def test_each_trial_is_held_out_once_and_told_nearly_as_well_as_the_truth_would(trials, held_out):
    assert sorted(held_out["trial"]) == list(range(300)) and set(held_out["fold"]) == set(range(5))
    truth = chance(trials["learning_rate"], trials["depth"])
    scores = brier_scores(held_out)
    assert scores.model == pytest.approx(
        brier_score_loss(held_out["stable"], held_out["probability"])
    )
    best = brier_score_loss(held_out["stable"], truth)
    assert scores.model < best + 0.02 < scores.base - 0.1
    assert scores.skill == pytest.approx(1 - scores.model / scores.base)


@pytest.mark.slow
def test_a_trial_does_not_know_its_own_verdict(trials, held_out):
    one = held_out[held_out["fold"] == 0]
    flipped = trials.copy()
    own = flipped["trial"].isin(one["trial"])
    flipped.loc[own, "verdict"] = np.where(
        flipped.loc[own, "verdict"] == "stable", "exploding", "stable"
    )
    again = held_out_probabilities(flipped, "learning_rate", "depth")
    np.testing.assert_allclose(
        again.loc[again["fold"] == 0, "probability"], one["probability"], atol=1e-6
    )


def test_seeds_of_a_configuration_are_held_out_together(trials):
    twice = trials.assign(configuration=trials["trial"] // 3)
    twice.attrs = trials.attrs
    found = held_out_probabilities(twice, "depth")
    folds = found.groupby(found["trial"] // 3)["fold"].nunique()
    assert (folds == 1).all()


@pytest.mark.slow
def test_noise_is_not_told_better_than_by_its_share():
    rng = np.random.default_rng(3)
    noise = study(200, stable=rng.random(200) < 0.4)
    scores = brier_scores(held_out_probabilities(noise, "learning_rate"))
    assert abs(scores.skill) < 0.05


def test_bins_agree_with_counts_by_hand(held_out):
    table = reliability(held_out)
    assert table["trials"].sum() == len(held_out)
    for row in table.to_dict("records"):
        last = row["to"] == 1
        inside = held_out[
            (held_out["probability"] >= row["from"])
            & ((held_out["probability"] < row["to"]) | last)
        ]
        assert row["trials"] == len(inside) and row["stable"] == inside["stable"].sum()
        assert row["predicted"] == pytest.approx(inside["probability"].mean())
        low, high = wilson_interval(row["stable"], row["trials"])
        assert (row["low"], row["high"]) == (float(low), float(high))


def test_with_next_to_nothing_nothing_is_held_out():
    few = held_out_probabilities(study(9), "learning_rate", "depth")
    assert few.empty and brier_scores(few) is None and reliability(few).empty
    one = held_out_probabilities(study(30, stable=True), "depth")
    assert brier_scores(one).base == 0 and np.isnan(brier_scores(one).skill)
    assert isinstance(one, pd.DataFrame)
