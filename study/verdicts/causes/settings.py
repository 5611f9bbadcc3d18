"""Hyperparameters that causes depend on, as each trial had them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from search_spaces.catalogue import CATALOGUE, optimizer_default
from study.verdicts.numeric import names, numbers_or_nan

PROPORTIONAL = ("sgd", "schedule_free_sgd")
"""Optimizers whose steps are as long as the gradients; all others' have a length of their own."""


def settings_of(trials: pd.DataFrame) -> dict[str, np.ndarray]:
    """Returns `adaptive`, `epsilon`, `weight_decay` and `warmup_steps`, (trials,) each.

    A study's tables have a column for what its study file names; the rest is the default.
    """
    optimizer = names(trials, "optimizer")
    optimizer = np.where(pd.isna(optimizer), str(CATALOGUE["optimizer"].default), optimizer)
    return {
        "adaptive": ~np.isin(optimizer.astype(str), PROPORTIONAL),
        "epsilon": np.where(_has_epsilon(optimizer), _of("epsilon", optimizer, trials), np.nan),
        "weight_decay": _of("weight_decay", optimizer, trials),
        "warmup_steps": setting(trials, "warmup_steps"),
    }


def _of(name: str, optimizer: np.ndarray, trials: pd.DataFrame) -> np.ndarray:
    given = numbers_or_nan(trials, name)
    usual = np.array([optimizer_default(name, str(each)) for each in optimizer], dtype=float)
    return np.where(np.isnan(given), usual, given)


def _has_epsilon(optimizer: np.ndarray) -> np.ndarray:
    (condition,) = CATALOGUE["epsilon"].conditions
    return np.isin(optimizer.astype(str), list(condition.values))


def setting(trials: pd.DataFrame, name: str) -> np.ndarray:
    """Returns a numeric hyperparameter, its default where a trial has none; NaN without either."""
    values = numbers_or_nan(trials, name)
    default = CATALOGUE[name].default
    if not isinstance(default, (int, float)):
        return values
    return np.where(np.isnan(values), float(default), values)
