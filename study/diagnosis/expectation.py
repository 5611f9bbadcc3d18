"""What theory predicts of a configuration, beside what was measured."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts import Verdict
from study.verdicts.explanation.numbers import figure

AGREEMENT = 10.0
"""Factor between the predicted R and the seeds' range up to which the two agree: at finite width
a squared gradient varies by a factor of a few (Hanin 2018)."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure over seeds: its median, and the smallest and largest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Predictions and measurements at initialization; None where either is not known.

    Attributes:
        predicted_ratio: R that theory expects.
        ratio: R as measured.
        predicted_regime: The gradient regime that theory expects.
        regimes: Measured regimes, number of seeds each.
        predicted_saturated_fraction: Saturated share of the worst hidden layer, by theory.
        sharpness: Largest eigenvalue of the Hessian.
        max_learning_rate: Limit of the learning rate that this sharpness sets.
        learning_rate: The one that is used.
        remarks: Where the two disagree, and what the learning rate's limit says, in sentences.
    """

    predicted_ratio: float | None
    ratio: Spread | None
    predicted_regime: str | None
    regimes: dict[str, int]
    predicted_saturated_fraction: float | None
    sharpness: Spread | None
    max_learning_rate: Spread | None
    learning_rate: float | None
    remarks: tuple[str, ...]


def expectation(trials: pd.DataFrame, *, verdict: str, learning_rate: float) -> Expectation:
    """Compares what theory expects of a configuration with what was measured.

    Args:
        trials: Its rows of the trials table, a seed each.
        verdict: What became of it.
        learning_rate: The one that it was trained with.
    """
    predicted, ratio = _spread(trials, "predicted_ratio"), _spread(trials, "delta_ratio_initial")
    limit = _spread(trials, "predicted_max_learning_rate")
    regime = next(iter(_names(trials, "predicted_regime")), None)
    regimes = _names(trials, "regime_initial")
    saturated = _spread(trials, "predicted_saturated_fraction")
    expected = None if predicted is None else predicted.median
    remarks = [
        _of_regime(regime, regimes, len(trials)),
        _of_ratio(expected, ratio),
        _of_limit(limit, learning_rate, verdict),
    ]
    return Expectation(
        predicted_ratio=expected,
        ratio=ratio,
        predicted_regime=regime,
        regimes=regimes,
        predicted_saturated_fraction=None if saturated is None else saturated.median,
        sharpness=_spread(trials, "sharpness_initial"),
        max_learning_rate=limit,
        learning_rate=learning_rate,
        remarks=tuple(remark for remark in remarks if remark is not None),
    )


def _spread(trials: pd.DataFrame, column: str) -> Spread | None:
    if column not in trials:
        return None
    values = trials[column].to_numpy(dtype=np.float64, na_value=np.nan)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return None
    return Spread(
        median=float(np.median(values)), low=float(values.min()), high=float(values.max())
    )


def _names(trials: pd.DataFrame, column: str) -> dict[str, int]:
    if column not in trials:
        return {}
    return dict(Counter(trials[column].dropna()).most_common())


def _of_regime(predicted: str | None, measured: dict[str, int], seeds: int) -> str | None:
    if predicted is None or not measured:
        return None
    name, count = next(iter(measured.items()))
    if name == predicted:
        return None
    return (
        f"theory expects gradients to be {predicted} at initialization, but they are {name} "
        f"with {count} of {seeds} seeds"
    )


def _of_ratio(predicted: float | None, measured: Spread | None) -> str | None:
    """Compares the two by the factor between them, which says nothing of 0 and infinity."""
    if predicted is None or measured is None:
        return None
    if not all(0 < ratio < math.inf for ratio in (predicted, measured.low, measured.high)):
        return None
    if measured.low / AGREEMENT <= predicted <= measured.high * AGREEMENT:
        return None
    factor = max(measured.median / predicted, predicted / measured.median)
    side = "larger" if measured.median > predicted else "smaller"
    return (
        f"the measured ratio is {figure(factor)} times {side} than theory expects, which is exact "
        f"for layers of infinite width and inputs that do not depend on each other"
    )


def _of_limit(limit: Spread | None, used: float, verdict: str) -> str | None:
    if limit is None or not limit.median > 0:
        return None
    times = used / limit.median
    if times > 1:
        if verdict == Verdict.STABLE:
            return (
                f"the learning rate {used:g} is {figure(times)} times the limit that curvature "
                f"sets at initialization, and it trains all the same: early steps overshoot to "
                f"where the loss is less steep"
            )
        return (
            f"the learning rate {used:g} is {figure(times)} times the limit that curvature sets "
            f"at initialization, so that the first steps overshoot"
        )
    if verdict in (Verdict.EXPLODING, Verdict.OSCILLATING):
        return (
            f"the learning rate {used:g} is below the limit that curvature sets at "
            f"initialization, {figure(limit.median)}: the loss grew steeper later, or the failure "
            f"has another cause"
        )
    return None
