"""Intervals for a probability seen in few trials."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
"""Confidence of every interval in tables, figures and the report."""


def wilson_interval(
    successes: ArrayLike, trials: ArrayLike, *, confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns Wilson's score interval of a binomial probability.

    With the share p of n trials and the normal quantile z its ends are

        (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    It stays inside [0, 1], is never of zero width, and covers close to its nominal confidence
    also for the few trials of one cell, where the textbook (Wald) interval does not.

    Args:
        successes: Number of successes, any shape.
        trials: Number of trials, of a shape that broadcasts with `successes`.
        confidence: Two-sided, in (0, 1).

    Returns:
        Lower and upper bounds, of the broadcast shape; NaN where there are no trials.

    Raises:
        ValueError: If `0 <= successes <= trials` or `0 < confidence < 1` does not hold.

    References:
        Wilson, Probable inference, the law of succession, and statistical inference, JASA 1927.
        Brown, Cai, DasGupta, Interval estimation for a binomial proportion, Stat. Sci. 2001.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`0 < confidence < 1` must hold, but got confidence={confidence}.")
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    if np.any((k < 0) | (k > n)):
        raise ValueError("`0 <= successes <= trials` must hold for every entry.")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        # Exact at the ends, where rounding would leave 1e-17.
        low = np.where(k == 0, np.where(n == 0, np.nan, 0.0), center - half)
        high = np.where(k == n, np.where(n == 0, np.nan, 1.0), center + half)
    return low, high


def exact_lower_bound(
    successes: ArrayLike, trials: ArrayLike, *, confidence: float = CONFIDENCE
) -> NDArray[np.float64]:
    """Returns Clopper and Pearson's exact one-sided lower bound of a binomial probability.

    It is the quantile 1 - confidence of Beta(k, n - k + 1), and below the probability in at least
    the stated share of samples, whatever the probability and the number of trials are. For what is
    promised, where Wilson's interval, right on average, would promise too much half of the time.

    Args:
        successes: Number of successes, any shape; fractions are interpolated.
        trials: Number of trials, of a shape that broadcasts with `successes`.
        confidence: One-sided, in (0, 1).

    Returns:
        Bounds of the broadcast shape; 0 without successes, also without trials.

    Raises:
        ValueError: If `0 <= successes <= trials` or `0 < confidence < 1` does not hold.

    References:
        Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 1934.
    """
    # Imported here: scipy takes long, and most of the analysis does without.
    from scipy.special import betaincinv

    if not 0 < confidence < 1:
        raise ValueError(f"`0 < confidence < 1` must hold, but got confidence={confidence}.")
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    if np.any((k < 0) | (k > n)):
        raise ValueError("`0 <= successes <= trials` must hold for every entry.")
    bound = betaincinv(np.maximum(k, 1e-9), n - k + 1, 1 - confidence)
    return np.where(k > 0, bound, 0.0)
