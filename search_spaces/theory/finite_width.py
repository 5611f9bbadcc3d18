"""How much networks of finite width differ from each other, and from infinite width."""

from __future__ import annotations

import math

import numpy as np

from search_spaces.theory.activations import Array
from search_spaces.theory.moments import moments


def log_ratio_std(
    activation: str, lengths: Array, width: int, *, orthogonal: bool = False
) -> float:
    """Computes the standard deviation of ln R over networks that differ in their random weights.

    Each layer multiplies the squared gradient by a mean over `width` units of phi'(h)^2 g^2 with
    normal g, whose relative variance is (3 E[phi'^4] / E[phi'^2]^2 - 1) / width: 5 / width for
    relu. Orthogonal weights keep the norm of g, which takes 2 / width off. Logarithms add up,
    nearly normally distributed; the median of R^2 lies below its mean by exp(-variance / 2).

    Args:
        activation: Name of the activation.
        lengths: q of the hidden layers, (depth,).
        width: Units of each hidden layer, >= 1.
        orthogonal: Whether weights are orthogonal.

    References:
        Hanin, Which Neural Net Architectures Give Rise to Exploding and Vanishing Gradients?,
        NeurIPS 2018, theorem 1: ln of the squared gradient varies as the sum of 1 / width.
    """
    phi = moments(activation)
    # The last layer's delta is the reference: it multiplies nothing.
    inner = lengths[:-1]
    kurtosis = phi.fourth_slope(inner) / phi.slope(inner) ** 2
    variances = (3 * kurtosis - (3 if orthogonal else 1)) / width
    # Half: R is the root of a ratio of squares.
    return math.sqrt(max(float(np.sum(variances)), 0.0)) / 2
