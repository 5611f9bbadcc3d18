from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis import VERDICTS, AnalysisError, flag_counts, has_flag, wilson_interval
from study.tables.schema import FLAGS


def test_counts_as_a_loop_does(digits):
    trials = digits.trials
    counts = flag_counts(trials)
    assert list(counts["flag"]) == list(FLAGS)
    assert counts["trials"].sum() > 100
    pairs = [
        (flag, row["verdict"])
        for row in trials.to_dict("records")
        for flag in row["flags"].split(",")
        if flag
    ]
    for row in counts.to_dict("records"):
        with_flag = [verdict for flag, verdict in pairs if flag == row["flag"]]
        assert row["trials"] == len(with_flag)
        assert row["share"] == pytest.approx(len(with_flag) / 512)
        low, high = wilson_interval(len(with_flag), 512)
        assert (row["low"], row["high"]) == (float(low), float(high))
        for verdict in VERDICTS:
            of = int((trials["verdict"] == verdict).sum())
            assert row[verdict] == with_flag.count(verdict)
            assert row[f"{verdict}_share"] == pytest.approx(
                with_flag.count(verdict) / of if of else math.nan, nan_ok=True
            )


def test_a_flag_selects_its_trials(digits):
    trials = digits.trials
    chosen = trials[has_flag(trials, "catapult")]
    expected = trials[(trials["verdict"] == "stable") & (trials["trial"] % 5 == 0)]
    pd.testing.assert_frame_equal(chosen, expected)


def test_a_name_inside_another_is_not_that_name():
    trials = pd.DataFrame({"verdict": ["stable"] * 2, "flags": ["dead_layer_soon", "dead_layer"]})
    assert has_flag(trials, "dead_layer").tolist() == [False, True]
    counts = flag_counts(trials).set_index("flag")["trials"]
    assert counts["dead_layer"] == 1
    assert counts["dead_layer_soon"] == 1, "a flag of a later gradscape is counted too"


def test_trials_of_before_flags_were_recorded_are_unknown_not_unflagged():
    trials = pd.DataFrame(
        {"verdict": ["stable", "stalled", "stable"], "flags": ["", None, "catapult"]}
    )
    known = has_flag(trials, "catapult")
    assert known.isna().tolist() == [False, True, False]
    assert trials[known].index.tolist() == [2]
    counts = flag_counts(trials)
    assert counts.attrs == {"recorded": 2, "not_recorded": 1}
    row = counts.set_index("flag").loc["catapult"]
    assert row["share"] == 0.5 and row["stable_share"] == 0.5
    assert np.isnan(row["stalled_share"]), "none of the stalled trials was recorded"


def test_a_table_without_the_column():
    trials = pd.DataFrame({"verdict": ["stable"] * 3})
    counts = flag_counts(trials)
    assert counts["trials"].tolist() == [0] * len(FLAGS)
    assert counts["share"].isna().all() and counts.attrs["recorded"] == 0
    assert has_flag(trials, "catapult").isna().all()


def test_an_unknown_flag_names_the_nearest(digits):
    with pytest.raises(AnalysisError, match="unknown flag 'catapolt'; known: catapult"):
        has_flag(digits.trials, "catapolt")
