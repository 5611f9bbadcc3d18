from __future__ import annotations

import pandas as pd

from study.tables.former_labels import in_words_of_today


def test_labels_of_before_are_read_in_todays_words() -> None:
    former = pd.DataFrame(
        {
            "verdict": ["stable", "stalled", "stalled", "exploding", "vanishing"],
            "outcome": ["trained", "slow", "stalled", "diverged", "stalled"],
            "cause": ["none", "none", "none", "violent_updates", "no_gradient"],
        }
    )
    today = in_words_of_today(former.copy())
    assert list(today["verdict"]) == ["stable", "slow", "stalled", "exploding", "vanishing"]
    assert list(today["cause"]) == [
        "none", "unknown", "unknown", "large_steps", "shrinking_through_depth",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(in_words_of_today(today.copy()), today)


def test_columns_that_were_not_read_are_not_needed() -> None:
    only = pd.DataFrame({"verdict": ["stalled"]})
    assert list(in_words_of_today(only)["verdict"]) == ["stalled"]
