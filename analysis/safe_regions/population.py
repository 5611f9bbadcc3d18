"""Configurations drawn uniformly from a study's space, on which boxes are measured by a model."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.space.axes import choices, entry, hyperparameters, is_log, is_numeric, varied
from analysis.space.design import uniform_trials


def population(trials: pd.DataFrame, number: int, *, seed: int = 0) -> pd.DataFrame:
    """Draws configurations as the study's space has them.

    Every hyperparameter is drawn by itself, uniformly as its axis counts. Which of them apply
    together is taken from the evenly placed trials: of each configuration, one of these says it.

    Args:
        trials: Trials table.
        number: Configurations wanted, >= 1.
        seed: Of the draws, >= 0.

    Returns:
        One row a configuration, the hyperparameters as columns; `attrs` are the trials'.
    """
    rng = np.random.default_rng(seed)
    even = uniform_trials(trials)
    names = varied(trials)
    rows = even.iloc[rng.integers(0, len(even), number)][hyperparameters(trials)]
    rows = rows.reset_index(drop=True)
    if names:
        pattern = even[names].notna().apply(tuple, axis=1)
        drawn_pattern = rows[names].notna().apply(tuple, axis=1)
        for applies in drawn_pattern.unique():
            mine = (drawn_pattern == applies).to_numpy()
            group = even[(pattern == applies).to_numpy()]
            for name, there in zip(names, applies, strict=True):
                if there:
                    rows.loc[mine, name] = _drawn(trials, group[name], name, int(mine.sum()), rng)
    rows.attrs = dict(trials.attrs)
    return rows


def _drawn(
    trials: pd.DataFrame, column: pd.Series, name: str, number: int, rng: np.random.Generator
) -> NDArray[np.generic]:
    """Values of one hyperparameter, of which a group of trials has this column."""
    stated = entry(trials, name)
    values = column.to_numpy()
    if not is_numeric(column) or choices(trials, name) or "low" not in stated:
        distinct = pd.unique(column)
        return np.asarray(distinct)[rng.integers(0, len(distinct), number)]
    # The range of these trials may be a part of the stated one, where the space was changed.
    numbers = values.astype(np.float64)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    if math.isinf(high) or low == high:
        return values[rng.integers(0, len(values), number)]
    if is_log(stated, low, high):
        drawn = np.exp(rng.uniform(math.log(low), math.log(high), number))
    else:
        drawn = rng.uniform(low, high, number)
    if pd.api.types.is_integer_dtype(column.dtype):
        return np.rint(drawn).astype(np.int64)
    return drawn
