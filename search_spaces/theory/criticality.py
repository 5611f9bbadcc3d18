"""The critical line: where gradients neither vanish nor explode with depth."""

from __future__ import annotations

import math
from functools import lru_cache

from search_spaces.theory.mean_field import chi, fixed_length

_LEAST_WEIGHT_VARIANCE, _LARGEST_WEIGHT_VARIANCE = 1e-2, 1e4


@lru_cache(maxsize=1024)
def critical_weight_variance(activation: str, bias_variance: float) -> float | None:
    """Finds the least weight variance at which chi_1 passes 1, from vanishing to exploding.

    For functions such as gelu, whose lengths either shrink to 0 or grow without end, chi_1 jumps
    past 1 there.

    Returns:
        None if chi_1 passes 1 for no weight variance between 0.01 and 10,000.
    """

    from scipy.optimize import brentq

    def distance(weight_variance: float) -> float:
        q = fixed_length(activation, weight_variance, bias_variance)
        return math.log(max(chi(activation, weight_variance, q), 1e-300))

    # ln chi_1 is 0 at criticality; it is bracketed by doubling, since it may jump or come back.
    low = _LEAST_WEIGHT_VARIANCE
    if distance(low) > 0:
        return None
    while low < _LARGEST_WEIGHT_VARIANCE:
        high = low * 2
        if distance(high) > 0:
            return float(brentq(distance, low, high, xtol=1e-12, rtol=1e-12))
        low = high
    return None
