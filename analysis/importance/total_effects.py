"""How much of what decides stability goes with each hyperparameter, and with each pair together.

The measure is the total-effect Sobol index: the share of the variance of being stable that would
be gone if a hyperparameter, alone and in all its combinations, did not matter. Of two together it
is the index of the set, so that `first + second - both` is the part in which the two act together
(with or without others). It is computed from the stability model, so that all trials count,
wherever their sampler placed them; `exchanges` says how, and what the intervals hold.

Why this and no other: Optuna's fANOVA and PED-ANOVA score a hyperparameter by itself or against
the best trials, see conditional hyperparameters only as missing, and give no uncertainty;
impurity importances favour hyperparameters with many values and are measured on the trials the
trees have seen.

References:
    Sobol', Global sensitivity indices, Math. Comput. Simul. 2001; Liu, Owen, Estimating mean
    dimensionality of analysis of variance decompositions, JASA 2006 (the part of a set).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pandas as pd

from analysis.importance.exchanges import Exchanged, Names, exchanged
from analysis.space.configurations import configuration_codes
from analysis.space.coordinates import Coordinate, coordinates
from analysis.space.design import uniform_trials
from analysis.space.owners import dependents
from analysis.stability_model import StabilityModel, stability_model
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import check_verdicts

SAMPLE = 6_000
"""Trials that are used; of more, a random part by configuration."""

MIN_CONFIGURATIONS = 20


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
        seed: Of the draws, and of the sample of more than `SAMPLE` trials, >= 0.

    Returns:
        The most important first: `x`, `importance` (total-effect Sobol index: shares of
        hyperparameters that act together overlap, so that the sum may exceed 1) and its interval
        `low`, `high`; `low` is 0 where it may not matter at all. `attrs`: `reason` why it
        is empty (""), trials `used` of the `total`, and `explained`, the share
        of the variance that the model predicts in trials that it has not seen.

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
    trials: pd.DataFrame,
    *,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    model: StabilityModel | None = None,
) -> Importances:
    """Computes both tables from one model; see `stability_importance`, `stability_interactions`.

    Args:
        trials: Trials table.
        confidence: Two-sided, of the intervals, in (0, 1).
        seed: Of the draws, and of the sample of more than `SAMPLE` trials, >= 0.
        model: The stability model of these trials; fitted if None.
    """
    check_verdicts(trials)
    total, even = len(trials), uniform_trials(trials)
    rng = np.random.default_rng(seed)
    if model is None:
        trials = _sampled(trials, rng)
    attrs: dict[str, object] = {"used": len(trials), "total": total, "explained": math.nan}
    known = coordinates(even)
    reason = _hopeless(even, known)
    if reason:
        return _tables([], [], {**attrs, "reason": reason})
    model = stability_model(trials, seed=seed) if model is None else model
    axes = {axis.name for axis in model.classifier.encoder.axes}
    sets = _sets([each for each in known if each.name in axes])
    found = exchanged(model, sets, seed=seed)
    spread = _Spread(found=found, confidence=confidence)
    single = [{"x": name[0], **spread.of((name,))} for name in sets if len(name) == 1]
    pairs = [_pair(name, spread) for name in sets if len(name) == 2]
    attrs |= {"used": len(model.trials), "explained": _explained(model), "reason": ""}
    return _tables(single, pairs, attrs)


def _pair(name: Names, spread: _Spread) -> dict[str, object]:
    """Returns the importance of two hyperparameters, and the part in which they act together."""
    first, second = name
    inner = spread.of(((first,), (second,)), name)
    return {
        "x": first,
        "y": second,
        **spread.of((name,)),
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


def _hopeless(trials: pd.DataFrame, known: Sequence[Coordinate]) -> str:
    if not known:
        return "No hyperparameter varied."
    if (trials["verdict"] == "stable").mean() in (0.0, 1.0):
        return "All trials agree in being stable or not, so that nothing can matter."
    if configuration_codes(trials).max() + 1 < MIN_CONFIGURATIONS:
        return f"Fewer than {MIN_CONFIGURATIONS} configurations cannot tell what matters."
    return ""


def _sets(known: Sequence[Coordinate]) -> dict[Names, list[str]]:
    """Returns what is exchanged together, by the one or two names it stands for."""
    owned = dependents(known)
    # What exists only for some values of a hyperparameter goes along with it.
    along = {each.name: [each.name, *owned[each.name]] for each in known}
    sets: dict[Names, list[str]] = {(name,): some for name, some in along.items()}
    for x, y in combinations(along, 2):
        if y not in owned[x] and x not in owned[y]:
            sets[(x, y)] = list(dict.fromkeys([*along[x], *along[y]]))
    return sets


@dataclass(frozen=True, kw_only=True)
class _Spread:
    """Shares of the variance, with intervals."""

    found: Exchanged
    confidence: float

    def of(self, added: Sequence[Names], taken: Names | None = None) -> dict[str, float]:
        """Returns the share of sets added up, less one that is taken away, and its interval.

        On synthetic truths the true share lies between that of draws and that of the whole
        posterior: it is their middle that is told. Half of what the posterior's doubt adds to the
        fit's share is taken for the deviation of the model's misfit. Doubt alone is no evidence
        that something matters: the lower end reaches down to that of the fit.
        """
        signs = {**dict.fromkeys(added, 1.0), **({} if taken is None else {taken: -1.0})}
        fitted = sum(sign * self.found.fitted[name] for name, sign in signs.items())
        doubted = sum(sign * self.found.doubted[name] for name, sign in signs.items())
        drawn = np.sum([sign * self.found.drawn[name] for name, sign in signs.items()], axis=0)
        share = (float(drawn.mean()) + doubted) / 2
        deviation = math.hypot(float(drawn.std()), (doubted - fitted) / 2)
        normal = NormalDist().inv_cdf(0.5 + self.confidence / 2)
        low = min(share - normal * deviation, fitted - normal * float(drawn.std()))
        high = min(share + normal * deviation, 1.0)
        return {"importance": share, "low": max(low, 0.0), "high": high}


def _explained(model: StabilityModel) -> float:
    table = model.calibration()
    row = table[table["verdict"] == "stable"].iloc[0]
    share = float(row["brier_of_share"])
    return 1.0 - float(row["brier"]) / share if share > 0 else math.nan


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
