"""Labels that an earlier gradscape wrote, in the words of this one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

CAUSES_OF_BEFORE: Mapping[str, str] = MappingProxyType(
    {
        "blown_up": "unknown",
        "exploding_gradients": "growing_through_depth",
        "violent_updates": "large_steps",
        "no_gradient": "shrinking_through_depth",
    }
)
"""Name of a cause then -> the nearest one now. Labelling again finds them from the evidence."""


def in_words_of_today(trials: pd.DataFrame) -> pd.DataFrame:
    """Returns the trials with labels that an earlier gradscape wrote in today's words.

    What had learned and missed its target was called stalled as well, and a failure without a
    cause had the cause `none`. Columns that were not read stay unread.

    Args:
        trials: Rows of the trials table, with any of its columns.
    """
    names = set(trials.columns)
    if {"verdict", "outcome"} <= names:
        slow = (trials["verdict"] == "stalled") & (trials["outcome"] == "slow")
        if slow.any():
            trials["verdict"] = trials["verdict"].mask(slow, "slow")
    if "cause" in names:
        former = trials["cause"].isin(CAUSES_OF_BEFORE)
        if former.any():
            trials["cause"] = trials["cause"].replace(dict(CAUSES_OF_BEFORE))
        if "verdict" in names:
            nameless = (trials["cause"] == "none") & (trials["verdict"] != "stable")
            if nameless.any():
                trials["cause"] = trials["cause"].mask(nameless, "unknown")
    return trials


def verdict_of_today(verdict: str, outcome: str) -> str:
    """One trial's verdict as `in_words_of_today` has it."""
    return "slow" if (verdict, outcome) == ("stalled", "slow") else verdict
