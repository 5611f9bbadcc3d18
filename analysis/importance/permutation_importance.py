"""How much of what decides stability goes with each hyperparameter, and with each pair together.

Method: gradient-boosted trees are fitted to the indicator of `stable` on four fifths of the
configurations. On the last fifth, the values of a hyperparameter are exchanged among the trials at
random, and the rise of the squared error (Brier score) is measured; each fifth has its turn. Half
of the rise, over the variance of the indicator, estimates the total-effect Sobol index: the share
of the variance that would be gone if this hyperparameter, alone and in all its combinations, did
not matter. Of two hyperparameters exchanged together it is the index of the set, so that
`first + second - both` is the part in which the two act together (with or without others).

Why this and no other: Optuna's fANOVA and PED-ANOVA score a hyperparameter by itself or against
the best trials, see conditional hyperparameters only as missing, and give no uncertainty;
impurity importances favour hyperparameters with many values and are measured on the trials the
trees have seen. Here everything is measured on trials that the model has not seen, the unit has a
meaning, and intervals follow from the trials' own contributions. The designs of qmc, random and
grid studies are independent in their hyperparameters, as the index wants it; where an adaptive
sampler makes them correlated, exchanged values make trials that the study would not have drawn.

References:
    Breiman, Random forests, Machine Learning 2001 (permutation importance).
    Fisher, Rudin, Dominici, All models are wrong, but many are useful, JMLR 2019.
    Sobol', Global sensitivity indices, Math. Comput. Simul. 2001; Liu, Owen, Estimating mean
    dimensionality of analysis of variance decompositions, JASA 2006 (the part of a set).
    Nadeau, Bengio, Inference for the generalization error, Machine Learning 2003 (the folds).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.importance.held_out_exchange import FOLDS, error_rises
from analysis.space.configurations import configuration_codes
from analysis.space.coordinates import Coordinate, coordinates
from analysis.space.design import uniform_trials
from analysis.space.owners import dependents
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import check_verdicts

SAMPLE = 6_000
"""Trials that are used; of more, a random part by configuration."""

MIN_CONFIGURATIONS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Importances:
    """What `stability_importance` and `stability_interactions` return, from one computation."""

    single: pd.DataFrame
    pairs: pd.DataFrame


def stability_importance(
    trials: pd.DataFrame, *, confidence: float = CONFIDENCE, seed: int = 0
) -> pd.DataFrame:
    """Estimates the share of the variance of being stable that goes with each hyperparameter.

    Args:
        trials: Trials table.
        confidence: Two-sided, of the intervals, in (0, 1).
        seed: Seeds the folds, the exchanges, and the sample of more than `SAMPLE` trials, >= 0.

    Returns:
        The most important first: `x`, `importance` (total-effect Sobol index: shares of
        hyperparameters that act together overlap, so that the sum may exceed 1; noise can push it
        slightly below 0) and its interval `low`, `high`. `attrs`: `reason` why it is empty (""),
        trials `used` and `total`, and `explained`, the share of the variance that the model
        predicts in trials that it has not seen.

    Raises:
        AnalysisError: If a verdict is unknown.
    """
    return importances(trials, confidence=confidence, seed=seed).single


def stability_interactions(
    trials: pd.DataFrame, *, confidence: float = CONFIDENCE, seed: int = 0
) -> pd.DataFrame:
    """Estimates the share of that variance in which two hyperparameters act together.

    Arguments, `attrs` and errors as `stability_importance`.

    Returns:
        The strongest first: `x`, `y`, `importance` of both together, `low`, `high`, and
        `interaction`, the part in which they act on each other, `interaction_low`,
        `interaction_high`. A hyperparameter and one that exists only for some of its values are
        no pair.
    """
    return importances(trials, confidence=confidence, seed=seed).pairs


def importances(
    trials: pd.DataFrame, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Importances:
    """Computes both tables from one fit; see `stability_importance` and `stability_interactions`.

    Trials that a sampler placed at the boundary are left out: shares are of the space.
    """
    check_verdicts(trials)
    trials = uniform_trials(trials)
    rng = np.random.default_rng(seed)
    total = len(trials)
    trials = _sampled(trials, rng)
    stable = (trials["verdict"] == "stable").to_numpy().astype(np.float64)
    known = coordinates(trials)
    group = configuration_codes(trials)
    attrs: dict[str, object] = {"used": len(trials), "total": total, "explained": math.nan}
    reason = _hopeless(stable, known, group)
    if reason:
        return _tables([], [], {**attrs, "reason": reason})
    sets = _sets(known)
    rises, errors, fold = error_rises(known, stable, group, list(sets.values()), rng)
    variance = float(stable.mean() * (1 - stable.mean()))
    attrs |= {"explained": 1 - float(errors.mean()) / variance, "reason": ""}
    # For independent values E[(f(X) - f(X'))^2] / 2 is the variance that goes with what differs.
    shares = {name: rises[:, column] / (2 * variance) for column, name in enumerate(sets)}
    spread = _Spread(group=group, fold=fold, confidence=confidence)
    single = [{"x": name[0], **spread.of(shares[name])} for name in sets if len(name) == 1]
    pairs = [_pair(name, shares, spread) for name in sets if len(name) == 2]
    return _tables(single, pairs, attrs)


def _pair(
    name: tuple[str, ...], shares: Mapping[tuple[str, ...], Floats], spread: _Spread
) -> dict[str, object]:
    """Returns the importance of two hyperparameters, and the part in which they act together."""
    first, second = name
    # Trial by trial, so that what the three exchanges have in common cancels.
    inner = spread.of(shares[(first,)] + shares[(second,)] - shares[name])
    return {
        "x": first,
        "y": second,
        **spread.of(shares[name]),
        "interaction": inner["importance"],
        "interaction_low": inner["low"],
        "interaction_high": inner["high"],
    }


def _sampled(trials: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Returns at most `SAMPLE` trials, whole configurations."""
    if len(trials) <= SAMPLE:
        return trials
    group = configuration_codes(trials)
    order = rng.permutation(int(group.max()) + 1)
    kept = np.cumsum(np.bincount(group)[order]) <= SAMPLE
    chosen = trials[np.isin(group, order[kept])]
    return chosen if len(chosen) else trials.iloc[:SAMPLE]


def _hopeless(stable: Floats, known: Sequence[Coordinate], group: NDArray[np.int64]) -> str:
    if not known:
        return "No hyperparameter varied."
    if stable.mean() in (0.0, 1.0):
        return "All trials agree in being stable or not, so that nothing can matter."
    if group.max() + 1 < MIN_CONFIGURATIONS:
        return f"Fewer than {MIN_CONFIGURATIONS} configurations cannot tell what matters."
    return ""


def _sets(known: Sequence[Coordinate]) -> dict[tuple[str, ...], list[int]]:
    """Returns the columns to exchange together, by the one or two names they stand for."""
    index = {each.name: number for number, each in enumerate(known)}
    owned = dependents(known)
    # What exists only for some values of a hyperparameter goes along with it.
    columns = {name: [index[name], *(index[other] for other in owned[name])] for name in index}
    sets: dict[tuple[str, ...], list[int]] = {(name,): columns[name] for name in index}
    for x, y in combinations(index, 2):
        if y not in owned[x] and x not in owned[y]:
            sets[(x, y)] = list(dict.fromkeys([*columns[x], *columns[y]]))
    return sets


@dataclass(frozen=True, kw_only=True)
class _Spread:
    """Means of what trials contribute, with intervals."""

    group: NDArray[np.int64]
    fold: NDArray[np.int64]
    confidence: float

    def of(self, contributions: Floats) -> dict[str, float]:
        """Returns the mean, and its interval: of configurations or of folds, the wider one."""
        from scipy.stats import t

        mean = float(contributions.mean())
        # Seeds of one configuration are one observation: variance of a mean of clusters.
        sums = np.bincount(self.group, weights=contributions - mean)
        within = float(np.square(sums).sum()) / len(contributions) ** 2
        folds = [float(contributions[self.fold == number].mean()) for number in range(FOLDS)]
        # The folds' models share most of their trials: Nadeau and Bengio's larger variance, with
        # 1 / F + (test trials / training trials) for 1 / F.
        between = float(np.var(folds, ddof=1)) * (1 / FOLDS + 1 / (FOLDS - 1))
        half = float(t.ppf(0.5 + self.confidence / 2, 2 * FOLDS)) * math.sqrt(max(within, between))
        return {"importance": mean, "low": mean - half, "high": mean + half}


def _tables(
    single: list[dict[str, object]], pairs: list[dict[str, object]], attrs: Mapping[str, object]
) -> Importances:
    interval = ["importance", "low", "high"]
    inner = ["interaction", "interaction_low", "interaction_high"]
    first = pd.DataFrame(single, columns=["x", *interval])
    first = first.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    second = pd.DataFrame(pairs, columns=["x", "y", *interval, *inner])
    second = second.sort_values("interaction", ascending=False, kind="stable", ignore_index=True)
    for table in (first, second):
        table.attrs.update(attrs)
    return Importances(single=first, pairs=second)
