"""The gradient regime that theory expects at initialization."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.numeric import numbers_or_nan
from study.verdicts.regime import regime
from study.verdicts.thresholds import Thresholds


def predicted_regimes(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Strings of `Regime`, None where theory is silent; (trials,).

    The same rule as for measured gradients, of which theory knows R and the saturated share;
    it expects no dead layers.

    Args:
        trials: `predicted_ratio` and `predicted_saturated_fraction`, where it has them.
        thresholds: Where one regime ends and the next begins.
    """
    ratio = numbers_or_nan(trials, "predicted_ratio")
    saturated = numbers_or_nan(trials, "predicted_saturated_fraction")
    names = regime(ratio, np.full(len(trials), np.nan), saturated, thresholds).astype(object)
    names[np.isnan(ratio)] = None
    return names
