"""Whether the smoothed probabilities mean what they say, on trials that the model has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.smoothing.counts import count
from analysis.smoothing.smooth_map import smooth_map
from analysis.space.axes import matches
from analysis.space.configurations import configuration_codes
from analysis.stats.intervals import CONFIDENCE, wilson_interval

FOLDS = 5

LEAST = 10
"""With fewer configurations nothing is held out."""


@dataclass(frozen=True, kw_only=True)
class Brier:
    """Brier scores (mean squared error of a probability; 0 is perfect) of held-out trials.

    Attributes:
        trials: Held-out trials, all of them once.
        model: Score of the smoothed map.
        base: Score of the share of stable trials among the others, whatever the hyperparameters.
        skill: 1 - model / base: 1 is perfect, 0 no better than the share; NaN if base is 0.
    """

    trials: int
    model: float
    base: float
    skill: float


def held_out_probabilities(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> pd.DataFrame:
    """Predicts each trial by a smoothed map that was fitted without its fold.

    Seeds of one configuration are in one fold: they would give each other away.

    Args:
        trials: Trials table.
        x: A hyperparameter of the map.
        y: Another one, or None.
        where: Only trials with these values (or lists of values), by hyperparameter.
        folds: Number of folds, >= 2.
        seed: Seeds the division into folds, >= 0.

    Returns:
        One row a trial on the map: `trial`, `fold`, `probability`, `base` (share of stable
        trials in the other folds), `stable`. Empty with fewer than `LEAST` configurations.

    Raises:
        AnalysisError: If a hyperparameter or verdict is unknown.
    """
    chosen = matches(trials, where)
    whole = count(trials, x, y, weights=chosen.astype(np.float64))
    inside = whole.column >= 0
    code = configuration_codes(trials)
    number = len(np.unique(code[inside]))
    if number < LEAST:
        inside = np.zeros(len(trials), dtype=bool)
    rng = np.random.default_rng(seed)
    fold = rng.permutation(np.arange(code.max(initial=-1) + 1) % folds)[code]
    stable = (trials["verdict"] == "stable").to_numpy()
    probability, base = np.full(len(trials), np.nan), np.full(len(trials), np.nan)
    for held in range(folds if inside.any() else 0):
        rest, own = inside & (fold != held), inside & (fold == held)
        fitted = smooth_map(trials, x, y, weights=rest.astype(np.float64))
        table = fitted.probability(whole.x_at, whole.y_at)
        probability[own] = table[whole.column[own], whole.row[own]]
        base[own] = stable[rest].mean() if rest.any() else 0.5
    return pd.DataFrame(
        {
            "trial": trials["trial"].to_numpy()[inside],
            "fold": fold[inside],
            "probability": probability[inside],
            "base": base[inside],
            "stable": stable[inside],
        }
    )


def brier_scores(held_out: pd.DataFrame) -> Brier | None:
    """Scores what `held_out_probabilities` returned; None without any.

    References:
        Brier, Verification of forecasts expressed in terms of probability, 1950.
    """
    if held_out.empty:
        return None
    truth = held_out["stable"].to_numpy(dtype=np.float64)
    model = float(((held_out["probability"] - truth) ** 2).mean())
    base = float(((held_out["base"] - truth) ** 2).mean())
    skill = 1 - model / base if base else float("nan")
    return Brier(trials=len(held_out), model=model, base=base, skill=skill)


def reliability(
    held_out: pd.DataFrame, *, bins: int = 10, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Compares predicted probabilities with how often trials were stable, bin by bin.

    Args:
        held_out: What `held_out_probabilities` returned.
        bins: Number of bins of equal width in the probability, >= 1.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a bin that has trials: its ends `from`, `to`; `trials`, `stable`; the mean
        `predicted` probability; the `observed` share with its Wilson interval `low`, `high`.
    """
    edges = np.linspace(0, 1, bins + 1)
    predicted = held_out["probability"].to_numpy(dtype=np.float64)
    row = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, bins - 1)
    number = np.bincount(row, minlength=bins)
    stable = np.bincount(row, held_out["stable"].to_numpy(dtype=np.float64), minlength=bins)
    sums = np.bincount(row, predicted, minlength=bins)
    low, high = wilson_interval(stable, number, confidence=confidence)
    filled = np.maximum(number, 1)
    frame = pd.DataFrame(
        {
            "from": edges[:-1],
            "to": edges[1:],
            "trials": number,
            "stable": stable.astype(np.int64),
            "predicted": sums / filled,
            "observed": stable / filled,
            "low": low,
            "high": high,
        }
    )
    return frame[number > 0].reset_index(drop=True)
