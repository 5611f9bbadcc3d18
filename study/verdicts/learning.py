"""Whether a trial was still learning when its steps ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.numeric import numbers, numbers_or_nan
from study.verdicts.outcome import window_error

FALLS = 0.02
"""Share of the loss at half time by which it must have fallen since, to be falling still."""

FALLS_BY_ONE_BATCH = 0.1
"""The same where single batches must do, as in tables without `loss_fall`."""

BEYOND_NOISE = 3.0
"""Standard errors of a window's mean loss by which it must have fallen."""


def late_fall(trials: pd.DataFrame, steps: pd.DataFrame | None) -> np.ndarray:
    """Returns how far the loss fell in the second half of the steps, (trials,); NaN if unknown.

    Args:
        trials: The trials table, with `loss_fall` unless an older gradscape wrote it.
        steps: The recorded steps, which stand in for it.
    """
    measured = numbers_or_nan(trials, "loss_fall")
    with np.errstate(invalid="ignore"):  # infinite losses
        of_batches = _half(trials, steps) - _final(trials)
    return np.where(np.isnan(measured), of_batches, measured)


def still_learning(trials: pd.DataFrame, steps: pd.DataFrame | None) -> np.ndarray:
    """Returns whether the loss fell beyond its noise in the second half of the steps, (trials,).

    Args:
        trials: The trials table.
        steps: The recorded steps of these trials.
    """
    fall = late_fall(trials, steps)
    measured = np.isfinite(numbers_or_nan(trials, "loss_fall"))
    share = np.where(measured, FALLS, FALLS_BY_ONE_BATCH)
    # Of the difference of two windows' means.
    noise = np.nan_to_num(window_error(trials, "loss_noise")) * np.sqrt(2)
    with np.errstate(invalid="ignore"):
        enough = np.fmax(share * np.abs(fall + _final(trials)), BEYOND_NOISE * noise)
        return fall > enough


def _final(trials: pd.DataFrame) -> np.ndarray:
    return numbers(trials, "loss_final")


def _half(trials: pd.DataFrame, steps: pd.DataFrame | None) -> np.ndarray:
    """Returns the loss of the last recorded step of the first half, (trials,)."""
    if steps is None or steps.empty:
        return np.full(len(trials), np.nan)
    ran = trials.set_index("trial")["steps_run"]
    early = steps[steps["step"] <= steps["trial"].map(ran) / 2]
    last = early.sort_values("step").groupby("trial")["loss"].last()
    return last.reindex(trials["trial"]).to_numpy(dtype=np.float64, na_value=np.nan)
