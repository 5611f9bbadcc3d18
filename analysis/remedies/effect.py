"""The effect of a change on pairs of trials, and how well it is known.

Of n pairs, b failed before and are stable after ("healed" in the tables), c were stable and fail
after ("undone"). The net effect is (b - c) / n over all pairs, and (b - c) / failing over those
that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from analysis.stats.intervals import CONFIDENCE

_HALVINGS = 50


def net_interval(
    healed: float,
    undone: float,
    failing: float,
    pairs: float,
    *,
    shrink: float = 1.0,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Returns an interval of (healed - undone) / failing over pairs of trials around a change.

    A trial near the boundary fails with one seed and not with another, so that some failures
    disappear by themselves. As many appear: a change that does nothing fixes as many trials as it
    breaks, and only the difference counts.

    Args:
        healed: Pairs that failed before and are stable after.
        undone: Pairs that were stable before and fail in that way after.
        failing: Pairs that failed before in that way, >= healed, > 0.
        pairs: All pairs, also those that were stable before and stayed so.
        shrink: What the pairs count for, in (0, 1]: independent ones over all. A trial or a
            configuration that is in several pairs is no new evidence each time.
        confidence: Two-sided, in (0, 1).

    Returns:
        Lower and upper bound, in [-1, 1].

    References:
        Tango, Equivalence test and confidence interval for the difference in proportions for the
        paired-sample design, Statistics in Medicine 1998 (the score interval).
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    bounds = _tango(shrink * healed, shrink * undone, shrink * pairs, z)
    low, high = (float(np.clip(bound * pairs / failing, -1, 1)) for bound in bounds)
    return low, high


def chance_probability(healed: float, undone: float, *, shrink: float = 1.0) -> float:
    """Returns the probability that luck alone makes healed and undone differ by so much.

    Args:
        healed: Pairs that failed before and are stable after.
        undone: Pairs that were stable before and fail in that way after.
        shrink: What the pairs count for, in (0, 1]: independent ones over all.

    Returns:
        A two-sided p-value, in [0, 1].

    References:
        McNemar, Note on the sampling error of the difference between correlated proportions,
        Psychometrika 1947; the exact form, a sign test, with fractions interpolated.
    """
    from scipy.special import betainc

    more, fewer = shrink * max(healed, undone), shrink * min(healed, undone)
    if more <= fewer:
        return 1.0
    # P(at least k of n fair coins) = I_{1/2}(k, n - k + 1), with k = more and n = more + fewer.
    return min(1.0, 2 * float(betainc(more, fewer + 1, 0.5)))


def discoveries(probabilities: NDArray[np.float64], *, false_share: float) -> NDArray[np.bool_]:
    """Picks out of many effects those that are no luck, of which about this share at most is.

    Args:
        probabilities: p-value of each effect [R].
        false_share: Share of the discoveries that may be false, on average, in (0, 1).

    Returns:
        Whether each effect is a discovery [R]: all up to the largest rank r with p_r <=
        false_share r / R.

    References:
        Benjamini, Hochberg, Controlling the false discovery rate, JRSS B 1995.
    """
    order = np.argsort(probabilities)
    ranks = np.arange(1, len(probabilities) + 1)
    passed = np.flatnonzero(probabilities[order] <= false_share * ranks / max(1, len(ranks)))
    discovered = np.zeros(len(probabilities), dtype=bool)
    discovered[order[: passed[-1] + 1 if passed.size else 0]] = True
    return discovered


def _tango(b: float, c: float, n: float, z: float) -> tuple[float, float]:
    """Returns Tango's bounds of the difference (b - c) / n of paired proportions.

    They are where the score

        (b - c - n delta) / sqrt(n (2 q + delta (1 - delta)))

    passes z and -z; q, the likeliest probability of "undone" given delta, is the larger root of
    2 n q^2 + ((2 n - b + c) delta - b - c) q - c delta (1 - delta) = 0.
    """

    def score(delta: float) -> float:
        first, second = 2 * n, -b - c + (2 * n - b + c) * delta
        third = -c * delta * (1 - delta)
        root = max(second**2 - 4 * first * third, 0.0)
        q = max((root**0.5 - second) / (2 * first), 0.0)
        variance = n * (2 * q + delta * (1 - delta))
        return (b - c - n * delta) / max(variance, 1e-12) ** 0.5

    estimate = (b - c) / n
    return _where(score, z, -1.0, estimate), _where(score, -z, estimate, 1.0)


def _where(score: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Returns where the falling score passes a value, by bisection."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > wanted else (low, middle)
    return (low + high) / 2


def independent_share(before: NDArray[np.int64], after: NDArray[np.int64]) -> float:
    """Returns independent pairs over all, at worst: as if what pairs share decided all of them.

    Args:
        before: Configuration of the first trial of each pair.
        after: Configuration of the second.

    References:
        Kish, Survey sampling, 1965 (the effective number of weighted or clustered units).
    """
    # Kish: of clusters of sizes u the effective number is (sum u)^2 / sum u^2, sum u being all
    # pairs.
    shares = []
    for side in (before, after):
        uses = np.unique(side, return_counts=True)[1].astype(np.float64)
        shares.append(uses.sum() / np.square(uses).sum())
    return float(min(shares))
