"""Intervals for the difference of two probabilities, of separate and of paired trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.intervals import CONFIDENCE, wilson_interval

Floats = NDArray[np.float64]


def newcombe_interval(
    before: ArrayLike,
    of_before: ArrayLike,
    after: ArrayLike,
    of_after: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
) -> tuple[Floats, Floats]:
    """Returns Newcombe's interval of the difference of two probabilities, after minus before.

    It joins the Wilson intervals (l_1, u_1) and (l_2, u_2) of the two shares p_1 and p_2 (his
    method 10, without continuity correction), stays inside [-1, 1] and is never of zero width:

        low = p_2 - p_1 - sqrt((p_2 - l_2)^2 + (u_1 - p_1)^2)
        high = p_2 - p_1 + sqrt((u_2 - p_2)^2 + (p_1 - l_1)^2)

    Args:
        before: Successes among the first trials, any shape.
        of_before: Number of first trials.
        after: Successes among the second, other trials.
        of_after: Number of second trials.
        confidence: Two-sided, in (0, 1).

    Returns:
        Lower and upper bounds, of the broadcast shape; NaN where one of the two has no trials.

    Raises:
        ValueError: If there are more successes than trials, or `0 < confidence < 1` does not hold.

    References:
        Newcombe, Interval estimation for the difference between independent proportions,
        Statistics in Medicine 17 (1998) 873.
    """
    low_1, high_1 = wilson_interval(before, of_before, confidence=confidence)
    low_2, high_2 = wilson_interval(after, of_after, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_1 = np.asarray(before, float) / np.asarray(of_before, float)
        p_2 = np.asarray(after, float) / np.asarray(of_after, float)
    difference = p_2 - p_1
    # The difference is lowest if the second share lies low and the first one high.
    low = difference - np.sqrt((p_2 - low_2) ** 2 + (high_1 - p_1) ** 2)
    high = difference + np.sqrt((high_2 - p_2) ** 2 + (p_1 - low_1) ** 2)
    return low, high


def newcombe_paired_interval(
    both: int, only_before: int, only_after: int, neither: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Returns Newcombe's interval of the difference of two probabilities of the same pairs.

    As `newcombe_interval`, with - 2 phi a b under each root for its two terms a and b: pairs that
    agree, phi > 0, make it narrower (his method 10 for paired data).

    Args:
        both: Pairs with success before and after.
        only_before: Pairs with success before alone.
        only_after: Pairs with success after alone.
        neither: Pairs without success.
        confidence: Two-sided, in (0, 1).

    Returns:
        Bounds of the probability after minus the one before; NaN without pairs.

    References:
        Newcombe, Improved confidence intervals for the difference between binomial proportions
        based on paired data, Statistics in Medicine 17 (1998) 2635.
    """
    number = both + only_before + only_after + neither
    if not number:
        return float("nan"), float("nan")
    p_1, p_2 = (both + only_before) / number, (both + only_after) / number
    low_1, high_1 = (
        float(x) for x in wilson_interval(p_1 * number, number, confidence=confidence)
    )
    low_2, high_2 = (
        float(x) for x in wilson_interval(p_2 * number, number, confidence=confidence)
    )
    phi = _correlation(both, only_before, only_after, neither)

    def half(second: float, first: float) -> float:
        # Rounding may leave a perfect correlation a hair below zero.
        return float(np.sqrt(max(second**2 - 2 * phi * second * first + first**2, 0.0)))

    difference = p_2 - p_1
    return (
        difference - half(p_2 - low_2, high_1 - p_1),
        difference + half(high_2 - p_2, p_1 - low_1),
    )


def _correlation(both: int, only_before: int, only_after: int, neither: int) -> float:
    """Returns phi of the pairs, with the paper's continuity correction where it is positive.

    With e, f, g, h pairs of both, before, after, neither: phi = (e h - f g) / sqrt((e + f) (g + h)
    (e + g) (f + h)), its numerator less N / 2 but not below 0 where it is positive.
    """
    sums = (both + only_before) * (only_after + neither) * (both + only_after)
    sums *= only_before + neither
    if not sums:
        return 0.0
    excess = float(both * neither - only_before * only_after)
    number = both + only_before + only_after + neither
    if excess > 0:
        excess = max(excess - number / 2, 0.0)
    return float(excess / np.sqrt(float(sums)))


def mcnemar(only_before: int, only_after: int) -> float:
    """Returns McNemar's exact two-sided p-value, under which neither side succeeds more often.

    Pairs in which both sides agree say nothing, so that only the others count.

    Args:
        only_before: Pairs with success before alone.
        only_after: Pairs with success after alone.

    References:
        McNemar, Note on the sampling error of the difference between correlated proportions,
        Psychometrika 1947; the exact form is the sign test.
    """
    # Imported here: scipy takes long, and most of the analysis does without.
    from scipy.stats import binomtest

    number = only_before + only_after
    return float(binomtest(only_after, number).pvalue) if number else 1.0
