"""Which single change moves failing trials to stable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.importance.total_effects import stability_importance
from analysis.remedies.changes import Change, changes
from analysis.remedies.effect import (
    chance_probability,
    discoveries,
    independent_share,
    net_interval,
)
from analysis.remedies.pairing import CALIPER, Pairs, exact_pairs, nearest_pairs, setting_codes
from analysis.space.configurations import configuration_codes
from analysis.space.coordinates import Coordinate, coordinates
from analysis.space.design import uniform_trials
from analysis.space.owners import dependents
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import VERDICTS, check_verdicts

Floats = NDArray[np.float64]

ANY = "any"
"""Stands for every failing verdict together."""

MIN_FAILING = 5
"""Changes that fewer failing trials of a verdict were paired for are not listed."""

_DISTINCT = 0.8
"""Where at least this share of the trials has other settings, no change has enough exact pairs."""

_COLUMNS = {
    "hyperparameter": "str",
    "from": "str",
    "to": "str",
    "verdict": "str",
    "pairs": "int64",
    "failing": "int64",
    "healed": "int64",
    "undone": "int64",
    "harmed": "int64",
    "share": "float64",
    "shrunken": "float64",
    "low": "float64",
    "high": "float64",
    "sure": "bool",
    "method": "str",
}


def remedies(
    trials: pd.DataFrame,
    *,
    importance: pd.DataFrame | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Measures what single changes of hyperparameters do to failing trials, by paired comparison.

    Names and listed numbers are compared two by two; ranges are moved by a factor 10 or 3, or by
    a quarter of their width. `analysis.remedies.pairing` says how pairs are found.

    Args:
        trials: Trials table; only its evenly placed trials count.
        importance: What `stability_importance` returned for these trials; computed if None.
        confidence: Two-sided, of the intervals, in (0, 1); 1 - confidence is also the share of the
            `sure` rows that may be luck.
        seed: Seeds what is drawn where there are many trials, >= 0.

    Returns:
        The largest lower bound first, one row a change and verdict that it may fix:
        `hyperparameter`, `from` ("any" for a step), `to`, `verdict` ("any": all failures); numbers
        of `pairs`, of pairs `failing` with that verdict before the change, of these `healed`,
        stable after it; `undone`, stable before and failing with that verdict after; `harmed`,
        stable before and not after, whatever the verdict. `share` is (healed - undone) / failing:
        the failures fixed beyond those that another seed would fix as well; its interval `low`,
        `high`; `shrunken`, the share drawn towards what the changes of its verdict do on average,
        as far as it is uncertain: of the best of many the share itself is too high; `sure`,
        whether it is above 0 beyond what luck makes of so many comparisons (of the sure ones about
        5 % are luck, at most); `method`, "paired" or "matched". `attrs`: `reason` why it is empty
        (""), and `caliper`.

    Raises:
        AnalysisError: If a verdict is unknown.
    """
    check_verdicts(trials)
    # Failures at a boundary are fixed more easily than those of the space.
    trials = uniform_trials(trials)
    known = coordinates(trials)
    reason = _hopeless(trials, known)
    if reason:
        return _frame([], reason, confidence)
    if importance is None:
        importance = stability_importance(trials)
    weights = dict(zip(importance["x"], importance["importance"], strict=True))
    verdicts = trials["verdict"].to_numpy(dtype=object)
    groups = configuration_codes(trials)
    rows: list[dict[str, Any]] = []
    for change, pairs in _paired(trials, known, weights, seed):
        rows += _rows(change, pairs, verdicts, groups, confidence)
    reason = "" if rows else "No change has enough pairs of trials that differ in nothing else."
    return _frame(rows, reason, confidence)


def _hopeless(trials: pd.DataFrame, known: Sequence[Coordinate]) -> str:
    stable = (trials["verdict"] == "stable").to_numpy()
    if not stable.size:
        return "There are no trials."
    if stable.all():
        return "Every trial was stable: there is nothing to fix."
    if not stable.any():
        return "No trial was stable."
    return "" if known else "No hyperparameter varied, so that nothing was changed."


def _paired(
    trials: pd.DataFrame,
    known: Sequence[Coordinate],
    weights: Mapping[str, float],
    seed: int,
) -> Iterator[tuple[Change, Pairs]]:
    """Yields all changes with their pairs."""
    owned = dependents(known)
    seeds = pd.factorize(trials["seed"])[0] if "seed" in trials else None
    codes = setting_codes(known, seed)
    everything = sum(codes.values(), np.zeros(len(trials), dtype=np.int64))
    for each in known:
        # What exists only for some values changes along with them: its codes are taken off too.
        others = [
            other for other in known if other is not each and other.name not in owned[each.name]
        ]
        along = [codes[each.name], *(codes[name] for name in owned[each.name])]
        settings = everything - sum(along, np.zeros_like(everything))
        # Drawn settings hardly ever come twice, and then there is no need to look.
        repeated = len(pd.unique(settings)) < _DISTINCT * len(settings)
        for change in changes(each):
            exact = exact_pairs(change, settings, seeds) if repeated else None
            yield change, exact or nearest_pairs(change, others, weights, seed)


def _rows(
    change: Change,
    pairs: Pairs,
    verdicts: NDArray[np.object_],
    groups: NDArray[np.int64],
    confidence: float,
) -> Iterator[dict[str, Any]]:
    before, after = verdicts[pairs.before], verdicts[pairs.after]
    was, now = before == "stable", after == "stable"
    if not len(before):
        return
    shrink = independent_share(groups[pairs.before], groups[pairs.after])
    for verdict in (ANY, *VERDICTS[1:]):
        failing = ~was if verdict == ANY else before == verdict
        fails_after = ~now if verdict == ANY else after == verdict
        healed, undone = int((failing & now).sum()), int((was & fails_after).sum())
        if failing.sum() < MIN_FAILING:
            continue
        yield {
            "hyperparameter": change.name,
            "from": change.before,
            "to": change.after,
            "verdict": verdict,
            "pairs": len(before),
            "failing": int(failing.sum()),
            "healed": healed,
            "undone": undone,
            "harmed": int((was & ~now).sum()),
            "share": max(-1.0, (healed - undone) / int(failing.sum())),
            "shrink": shrink,
            "method": pairs.method,
        }


def _shrunken(rows: list[dict[str, Any]], confidence: float) -> Floats:
    """Draws shares towards the mean of their verdict's (empirical Bayes).

    References:
        Efron and Morris, Data analysis using Stein's estimator, JASA 1975; DerSimonian and Laird,
        Meta-analysis in clinical trials, 1986 (the variance between effects).
    """
    share = np.array([row["share"] for row in rows], dtype=np.float64)
    width = np.array([row["high"] - row["low"] for row in rows], dtype=np.float64)
    error = np.maximum(width / (2 * NormalDist().inv_cdf(0.5 + confidence / 2)), 1e-3) ** 2
    shrunken, verdict = share.copy(), np.array([row["verdict"] for row in rows])
    for name in np.unique(verdict):
        mine = verdict == name
        weight = 1.0 / error[mine]
        mean = np.average(share[mine], weights=weight)
        excess = np.sum(weight * (share[mine] - mean) ** 2) - (mine.sum() - 1)
        scale = weight.sum() - np.sum(weight**2) / weight.sum()
        between = max(float(excess / scale), 0.0) if mine.sum() > 1 else np.inf
        kept = 1.0 if np.isinf(between) else between / (between + error[mine])
        shrunken[mine] = mean + kept * (share[mine] - mean)
    return shrunken


def _frame(rows: list[dict[str, Any]], reason: str, confidence: float) -> pd.DataFrame:
    probabilities = []
    for row in rows:
        counts = row["healed"], row["undone"], row["failing"], row["pairs"]
        shrink = row.pop("shrink")
        row["low"], row["high"] = net_interval(*counts, shrink=shrink, confidence=confidence)
        probabilities.append(chance_probability(row["healed"], row["undone"], shrink=shrink))
    for row, shrunken in zip(rows, _shrunken(rows, confidence), strict=True):
        row["shrunken"] = shrunken
    sure = discoveries(np.array(probabilities, dtype=np.float64), false_share=1 - confidence)
    for row, discovered in zip(rows, sure, strict=True):
        row["sure"] = bool(discovered) and row["low"] > 0
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    frame = frame.sort_values("low", ascending=False, kind="stable", ignore_index=True)
    frame.attrs.update({"reason": reason, "caliper": CALIPER, "confidence": confidence})
    return frame
