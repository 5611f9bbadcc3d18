"""Mean-field theory of wide random networks: how lengths, correlations and gradients travel.

Layers are square and infinitely wide, h_l = W_l phi(h_{l-1}) + b_l, with weights of variance
sigma_w^2 / fan_in (weight_variance / fan_in here) and biases of variance sigma_b^2
(bias_variance). q is the mean square of a pre-activation h, c the correlation of two inputs'; z,
z_1, z_2 are standard normal, the latter with correlation c:

    q_{l+1} = sigma_w^2 E[phi(sqrt(q_l) z)^2] + sigma_b^2
    c_{l+1} = (sigma_w^2 E[phi(sqrt(q) z_1) phi(sqrt(q) z_2)] + sigma_b^2) / q_{l+1}
    chi = sigma_w^2 E[phi'(sqrt(q) z)^2],   E[delta_l^2] = chi E[delta_{l+1}^2]

References:
    Poole et al., Exponential Expressivity in Deep Neural Networks through Transient Chaos, NIPS
    2016. Schoenholz et al., Deep Information Propagation, ICLR 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from search_spaces.theory.activations import activation_named
from search_spaces.theory.gaussian import gaussian_mean, gaussian_pair_mean

SMALLEST_LENGTH, LARGEST_LENGTH = 1e-12, 1e12
"""A fixed point outside of these counts as 0 or as infinity."""

_TRAINABLE = 6.0
"""Depth scales that signals reach: Schoenholz et al. 2017, section 5."""

_ROUNDING = 1e-12
"""What differs by less is equal."""
_NEAR_ONE = 1 - 1e-7


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """Where a deep network ends, and how fast; depth scales in layers.

    Attributes:
        length: q*, the limit of q; 0 or infinity where it shrinks or grows without end.
        chi_1: Mean squared gradient at a layer by that at the next; below 1 gradients vanish.
        correlation: c*, the limit of two inputs' correlation; None where q* is 0 or infinite.
        xi_q: Depth scale of the length; None where q* is 0 or infinite.
        xi_c: Depth scale of the correlation; None where q* is 0 or infinite.
        xi_gradient: Depth scale of the squared gradient.
    """

    length: float
    chi_1: float
    correlation: float | None
    xi_q: float | None
    xi_c: float | None
    xi_gradient: float

    @property
    def trainable_depth(self) -> float:
        """Six times the shortest scale of what must travel (Schoenholz 2017, section 5)."""
        scales = [self.xi_gradient] if self.xi_c is None else [self.xi_gradient, self.xi_c]
        return _TRAINABLE * min(scales)


@lru_cache(maxsize=4096)
def mean_field(activation: str, weight_variance: float, bias_variance: float) -> MeanField:
    """Computes the theory of an activation, for first pre-activations of length 1.

    Raises:
        InputError: If the activation is unknown.
        ValueError: If a variance is not positive, or that of biases is negative.
    """
    q = fixed_length(activation, weight_variance, bias_variance)
    chi_1 = chi(activation, weight_variance, q)
    if q == 0 or math.isinf(q):
        return MeanField(
            length=q,
            chi_1=chi_1,
            correlation=None,
            xi_q=None,
            xi_c=None,
            xi_gradient=depth_scale(chi_1),
        )
    c = _fixed_correlation(activation, weight_variance, bias_variance, q)
    slope = chi_1 if c == 1 else correlation_slope(activation, weight_variance, q, c)
    return MeanField(
        length=q,
        chi_1=chi_1,
        correlation=c,
        xi_q=depth_scale(abs(length_slope(activation, weight_variance, q))),
        xi_c=depth_scale(slope),
        xi_gradient=depth_scale(chi_1),
    )


def length_map(
    activation: str, weight_variance: float, bias_variance: float, length: float
) -> float:
    """Maps q to that of the next layer: weight_variance E[phi(sqrt(q) z)^2] + bias_variance.

    References:
        Poole et al. 2016, eq. 3.
    """
    phi = activation_named(activation)
    mean = gaussian_mean(lambda h: phi.function(h) ** 2, length, phi.kinks)
    return weight_variance * mean + bias_variance


def length_slope(activation: str, weight_variance: float, length: float) -> float:
    """Returns the derivative of the length map, weight_variance E[phi(h) phi'(h) h] / q.

    By parts this is what Schoenholz et al. 2017, section 3, have, without a second derivative, so
    that it holds with kinks too.
    """
    phi = activation_named(activation)
    mean = gaussian_mean(lambda h: phi.function(h) * phi.derivative(h) * h, length, phi.kinks)
    return weight_variance * mean / length


def chi(activation: str, weight_variance: float, length: float) -> float:
    """Returns weight_variance E[phi'(sqrt(q) z)^2]: chi_1 where q is the fixed point.

    Args:
        activation: Name of the activation.
        weight_variance: sigma_w^2, > 0.
        length: q >= 0; infinity stands for LARGEST_LENGTH.

    References:
        Poole et al. 2016, eq. 6; Schoenholz et al. 2017, section 4, for gradients.
    """
    phi = activation_named(activation)
    q = min(length, LARGEST_LENGTH)
    return weight_variance * gaussian_mean(lambda h: phi.derivative(h) ** 2, q, phi.kinks)


def fixed_length(activation: str, weight_variance: float, bias_variance: float) -> float:
    """Returns q*, to which the length map leads from q = 1; 0 or infinity where there is none.

    The map rises with q, so that it leads to the nearest fixed point on the side it starts for.

    Raises:
        InputError: If the activation is unknown.
        ValueError: If a variance is not positive, or that of biases is negative.
    """
    if not (weight_variance > 0 and bias_variance >= 0):
        raise ValueError(
            f"`weight_variance > 0` and `bias_variance >= 0` must hold, but got "
            f"weight_variance={weight_variance}, bias_variance={bias_variance}"
        )

    from scipy.optimize import brentq

    def growth(q: float) -> float:
        return length_map(activation, weight_variance, bias_variance, q) / q - 1

    # Doubling or halving from q = 1 until growth changes its sign brackets the nearest fixed
    # point.
    here, first = 1.0, growth(1.0)
    if abs(first) < _ROUNDING:
        return here
    factor = 2.0 if first > 0 else 0.5
    while SMALLEST_LENGTH < here < LARGEST_LENGTH:
        there = here * factor
        if growth(there) * first <= 0:
            return float(brentq(growth, here, there, xtol=1e-300, rtol=1e-14))
        here = there
    return 0.0 if factor < 1 else math.inf


def correlation_map(
    activation: str,
    weight_variance: float,
    bias_variance: float,
    length: float,
    correlation: float,
) -> float:
    """Maps the correlation of two inputs' pre-activations, both of length q, one layer on.

    It is divided by the next layer's length, which at the fixed point is q itself.

    References:
        Poole et al. 2016, eq. 5.
    """
    phi = activation_named(activation)
    mean = gaussian_pair_mean(phi.function, length, correlation, phi.kinks)
    covariance = weight_variance * mean + bias_variance
    return covariance / length_map(activation, weight_variance, bias_variance, length)


def correlation_slope(
    activation: str, weight_variance: float, length: float, correlation: float
) -> float:
    """Returns the derivative of the correlation map at the fixed length."""
    phi = activation_named(activation)
    return weight_variance * gaussian_pair_mean(phi.derivative, length, correlation, phi.kinks)


def depth_scale(factor: float) -> float:
    """Layers over which what changes by `factor` a layer changes by a factor e.

    Returns:
        1 / |ln factor|: 0 for a factor of 0, infinity for 1 within rounding.

    Raises:
        ValueError: If the factor is negative.
    """
    if factor < 0:
        raise ValueError(f"`factor >= 0` must hold, but got {factor}")
    if factor == 0:
        return 0.0
    rate = abs(math.log(factor))
    return 1 / rate if rate > _ROUNDING else math.inf


def _fixed_correlation(
    activation: str, weight_variance: float, bias_variance: float, q: float
) -> float:
    """Returns c*: 1 in the ordered phase, else the map's other fixed point, alone in [0, 1).

    The map is a power series with no negative coefficient, hence convex (Daniely et al., Toward
    Deeper Understanding of Neural Networks, NIPS 2016).
    """

    from scipy.optimize import brentq

    def growth(c: float) -> float:
        return correlation_map(activation, weight_variance, bias_variance, q, c) - c

    # chi is the slope of the map at c = 1: up to 1 that fixed point attracts, and is the only one.
    if chi(activation, weight_variance, q) <= 1 or growth(_NEAR_ONE) >= 0:
        return 1.0
    if growth(0.0) <= _ROUNDING:
        return 0.0
    return float(brentq(growth, 0.0, _NEAR_ONE, xtol=1e-12))
