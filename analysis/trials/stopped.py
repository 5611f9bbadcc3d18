"""Trials that ended because their verdict was certain, and how often that was wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.stats.intervals import wilson_interval

CERTAIN = "vanishing"
"""The verdict that is certain before the last step."""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What `stop: decided` did in a study.

    Attributes:
        trials: Trials that it ended.
        saved: Share of all optimizer steps that this saved, 0 to 1.
        audited: Further trials that were decided and went on to their last step all the same.
        wrong: Those of them that ended with another verdict.
        low, high: 95 % interval (Wilson) of the probability that a decision is wrong; NaN where no
            trial went on.
    """

    trials: int
    saved: float
    audited: int
    wrong: int
    low: float
    high: float


def stopped(trials: pd.DataFrame) -> Stopped | None:
    """Counts them; None where no trial was decided before its last step."""
    if "decided_step" not in trials.columns:
        return None
    decided = trials[trials["decided_step"].notna()]
    if decided.empty:
        return None
    ended = decided["steps_run"] == decided["decided_step"] + 1
    steps = int(trials["steps_run"].max())
    audited = decided[~ended]
    wrong = int((audited["verdict"] != CERTAIN).sum())
    low, high = wilson_interval(wrong, len(audited))
    return Stopped(
        trials=int(ended.sum()),
        saved=float((steps - decided["steps_run"]).sum() / (steps * len(trials))),
        audited=len(audited),
        wrong=wrong,
        low=float(low),
        high=float(high),
    )
