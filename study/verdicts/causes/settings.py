"""Hyperparameters that causes depend on, as each trial had them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from search_spaces.catalogue import CATALOGUE
from study.verdicts.numeric import names, numbers_or_nan

ADAPTIVE = ("rmsprop", "adagrad", "adam", "adamw")
"""Optimizers that divide by a running size of the gradients."""

_EPSILON = {"rmsprop": 1e-8, "adagrad": 1e-10, "adam": 1e-8, "adamw": 1e-8}
_WEIGHT_DECAY = {"adamw": 0.01}


def settings_of(trials: pd.DataFrame) -> dict[str, np.ndarray]:
    """Returns `adaptive`, `epsilon`, `weight_decay` and `warmup_steps`, (trials,) each.

    A study's tables have a column for what its study file names; the rest is the default.
    """
    optimizer = names(trials, "optimizer")
    optimizer = np.where(pd.isna(optimizer), str(CATALOGUE["optimizer"].default), optimizer)
    epsilon = setting(trials, "epsilon")
    usual = np.array([_EPSILON.get(name, np.nan) for name in optimizer])
    decay = setting(trials, "weight_decay")
    own = np.array([_WEIGHT_DECAY.get(name, 0.0) for name in optimizer])
    return {
        "adaptive": np.isin(optimizer.astype(str), ADAPTIVE),
        "epsilon": np.where(np.isnan(epsilon), usual, epsilon),
        "weight_decay": np.where(np.isnan(decay), own, decay),
        "warmup_steps": setting(trials, "warmup_steps"),
    }


def setting(trials: pd.DataFrame, name: str) -> np.ndarray:
    """Returns a numeric hyperparameter, its default where a trial has none; NaN without either."""
    values = numbers_or_nan(trials, name)
    default = CATALOGUE[name].default
    if not isinstance(default, (int, float)):
        return values
    return np.where(np.isnan(values), float(default), values)
