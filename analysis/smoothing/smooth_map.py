"""From a trials table to the smoothed map of one or two hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.smoothing.counts import count
from analysis.smoothing.model import QUICK, Smooth, fit
from analysis.space.axes import matches
from analysis.space.configurations import configuration_codes
from analysis.space.design import uniform_trials
from analysis.trials.counts import check_verdicts

Floats = NDArray[np.float64]


def smooth_map(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    weights: str | NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Smooth:
    """Fits the probability of `stable` as a smooth function of one or two hyperparameters.

    The logit is a Gaussian process: Matern 5/2 along numbers (on the scale, linear or log, of the
    study file), one correlation between names. Its posterior under the binomial counts is found
    by expectation propagation; amplitude and lengths are integrated over. Whatever else varies is
    averaged over, as the study's design has it: without `weights`, trials that were placed at a
    boundary, or to confirm a region, are left out, see `analysis.uniform_trials`.

    Trials of one configuration share all hyperparameters, also those that the map averages over,
    so that they say less than as many configurations would. Where there are any, their
    correlation beyond the map is estimated, and each trial counts 1 / (1 + (m - 1) correlation),
    m the trials of its configuration.

    Args:
        trials: Trials table.
        x: A hyperparameter.
        y: Another one, or None.
        where: Only trials with these values (or lists of values), by hyperparameter.
        weights: How much each trial stands for [N], >= 0, or the column that says so: for a
            design that is not uniform in what the map averages over. Only ratios count; together
            they are worth (sum w)^2 / sum w^2 trials (Kish). Trials with a missing weight are
            left out.
        seed: Seeds the numerical integration and the posterior draws, >= 0.

    Raises:
        AnalysisError: If a hyperparameter or verdict is unknown, there is no column `weights`, or
            a weight is negative or not finite.

    References:
        Rasmussen, Williams, Gaussian processes for machine learning, 2006, chapter 3.
        Kish, Survey sampling, 1965 (effective sample size, design effect).
    """
    check_verdicts(trials)
    if weights is None:
        trials = uniform_trials(trials)
    weight = _given(trials, weights) * matches(trials, where)
    if weight.any():
        # Kish: scaled so that their sum is the effective number of trials.
        weight = weight * weight.sum() / (weight**2).sum()
    members = _members(trials, weight)
    if members.max(initial=1) > 1:
        share = _correlation(trials, x, y, weight, members, seed)
        weight = weight / (1 + (members - 1) * share)
    return fit(count(trials, x, y, weights=weight), seed=seed)


def _given(trials: pd.DataFrame, weights: str | Floats | None) -> Floats:
    if weights is None:
        return np.ones(len(trials))
    if isinstance(weights, str):
        if weights not in trials.columns:
            raise AnalysisError(f"the trials have no column {weights!r} to weight them by")
        weights = trials[weights].to_numpy(dtype=np.float64, na_value=np.nan)
    given = np.nan_to_num(np.asarray(weights, dtype=np.float64), nan=0.0)
    if given.shape != (len(trials),) or (given < 0).any() or not np.isfinite(given).all():
        raise AnalysisError("weights must be one finite number >= 0 for each trial")
    return given


def _members(trials: pd.DataFrame, weight: Floats) -> Floats:
    """Counts the weighted trials of each trial's configuration [N]."""
    code = configuration_codes(trials)
    return np.bincount(code, weight > 0)[code].astype(np.float64)


def _correlation(
    trials: pd.DataFrame, x: str, y: str | None, weight: Floats, members: Floats, seed: int
) -> float:
    """Estimates the correlation of two trials of a configuration beyond the map, in [0, 1]."""
    # A configuration counts as one trial here: seeds that agree must not make their own cell.
    alone = np.where(weight > 0, weight / np.maximum(members, 1), 0.0)
    counts = count(trials, x, y, weights=alone)
    quick = fit(counts, seed=seed, rounds=QUICK)
    table = quick.probability(counts.x_at, counts.y_at)
    inside = counts.column >= 0
    expected = table[counts.column[inside], counts.row[inside]]
    stable = (trials["verdict"].to_numpy() == "stable")[inside]
    # Pearson's residuals, bounded: one surprise at probability 1e-6 is not all there is.
    spread = np.sqrt(np.maximum(expected * (1 - expected), 0.02))
    residual = (stable - expected) / spread
    code, _ = pd.factorize(trials["configuration"][inside])
    number = np.bincount(code)
    # Sum over pairs i != j of one configuration of r_i r_j, as (sum r)^2 - sum r^2.
    together = np.bincount(code, residual) ** 2 - np.bincount(code, residual**2)
    pairs = float((number * (number - 1)).sum())
    variance = float((residual**2).mean()) if len(residual) else 0.0
    if not pairs or not variance:
        return 0.0
    return float(np.clip(together.sum() / pairs / variance, 0.0, 1.0))
