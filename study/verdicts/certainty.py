"""Trials in training whose verdict no further step will change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.failure import Failure
from study.verdicts.findings import findings
from study.verdicts.numeric import numbers
from study.verdicts.outcome import Outcome
from study.verdicts.profiles.layer_profile import Profiles, profiles
from study.verdicts.regime import Regime, regime
from study.verdicts.thresholds import Thresholds

EARLIEST = 0.4
"""Part of the steps before which nothing is certain."""

LOOKS = 4
"""Recorded steps, the last ones, at each of which gradients must not arrive."""


def certainly_vanishing(
    trials: pd.DataFrame, steps: pd.DataFrame, layers: pd.DataFrame, thresholds: Thresholds
) -> np.ndarray:
    """Returns which trials in training will end as `vanishing`, (trials,).

    Args:
        trials: Figures of docs/tables.md as if training ended now.
        steps: The recorded steps of these trials.
        layers: Their recorded layers; without them nothing is certain.
        thresholds: Where one label ends and the next begins.
    """
    measured = profiles(layers) if len(layers) else None
    if measured is None or not len(measured):  # Not measured, or no hidden layer.
        return np.zeros(len(trials), dtype=bool)
    found = findings(trials, steps, measured, thresholds)
    barred = (found.failure == Failure.BARRED.value) & (found.outcome == Outcome.STALLED.value)
    return barred & ~found.learning & _at_every_look(trials, measured, thresholds)


def _at_every_look(trials: pd.DataFrame, of: Profiles, thresholds: Thresholds) -> np.ndarray:
    """Returns whether gradients did not arrive at any of the last `LOOKS` looks, (trials,)."""
    names = regime(of.ratio, of.dead, of.saturated, thresholds)
    gone = np.isin(names, [each.value for each in (Regime.VANISHING, Regime.DEAD)])
    number = numbers(trials, "trial").astype(np.int64)
    first = np.searchsorted(of.trial, number, side="left")
    end = np.searchsorted(of.trial, number, side="right")
    looks = end[:, None] - 1 - np.arange(LOOKS)
    return (end - first >= LOOKS) & gone[np.maximum(looks, 0)].all(axis=1)
