from __future__ import annotations

import math

import pandas as pd
import pytest

from analysis import AnalysisError, cause_counts, verdict_counts


def test_counts_as_a_loop_does(digits):
    counts = verdict_counts(digits.trials)
    for row in counts.to_dict("records"):
        expected = sum(1 for verdict in digits.trials["verdict"] if verdict == row["verdict"])
        assert row["trials"] == expected
        assert row["share"] == pytest.approx(expected / 512)
        assert row["low"] <= row["share"] < row["high"]


def test_verdicts_that_did_not_occur_are_listed_too():
    counts = verdict_counts(pd.DataFrame({"verdict": ["vanishing"] * 3}))
    assert list(counts["verdict"]) == [
        "stable",
        "exploding",
        "vanishing",
        "oscillating",
        "slow",
        "stalled",
    ]
    assert list(counts["trials"]) == [0, 0, 3, 0, 0, 0]


def test_no_trials_have_no_shares():
    counts = verdict_counts(pd.DataFrame({"verdict": pd.Series([], dtype="str")}))
    assert counts["trials"].sum() == 0
    assert all(math.isnan(share) for share in counts["share"])


@pytest.mark.parametrize("strange", ["fine", None])
def test_a_verdict_that_is_none_of_the_known_is_not_dropped_silently(strange):
    with pytest.raises(AnalysisError, match="1 of 2 have others"):
        verdict_counts(pd.DataFrame({"verdict": ["stable", strange]}))


def test_causes_are_counted_within_their_verdict():
    trials = pd.DataFrame(
        {
            "verdict": ["exploding"] * 3 + ["slow"] + ["stable"] * 2,
            "cause": ["growing_through_depth", "large_steps", "large_steps", "short_training"]
            + ["none"] * 2,
        }
    )
    counts = cause_counts(trials)
    assert list(zip(counts["verdict"], counts["cause"], counts["trials"], strict=True)) == [
        ("exploding", "large_steps", 2),
        ("exploding", "growing_through_depth", 1),
        ("slow", "short_training", 1),
    ]
    assert list(counts["share"]) == pytest.approx([2 / 3, 1 / 3, 1.0])
    assert counts["meaning"][0] == "steps are too large for the curvature of the loss"
    assert cause_counts(trials.drop(columns="cause")).empty


def test_trials_that_all_trained_have_no_causes():
    assert cause_counts(pd.DataFrame({"verdict": ["stable"] * 2, "cause": ["none"] * 2})).empty
