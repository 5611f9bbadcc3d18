"""Means of functions of one and of two normal variables, exact enough to be differentiated.

Composite Gauss-Legendre quadrature: Gauss-Hermite would converge slowly at kinks. Pieces end at
every kink, and grow geometrically away from 0, so that bends at h ~ 1 are resolved whatever the
variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search_spaces.theory.activations import Array, Function

_REACH = 12.0
"""Standard deviations that are integrated over; beyond them lie 4e-33 of the mass."""
_PAIR_REACH = 9.0
_LADDER = np.concatenate([-(2.0 ** np.arange(24, -3, -1)), [0.0], 2.0 ** np.arange(-2, 25)])
_INNER_LADDER = np.array([-64, -16, -4, -2, -1, 0, 1, 2, 4, 16, 64], dtype=float)
_RULE, _PAIR_RULE = (np.polynomial.legendre.leggauss(order) for order in (16, 10))
_LEAST_VARIANCE = 1e-200
"""Stands for 0: both sides of a kink at 0 still count."""


def gaussian_mean(function: Function, variance: float, kinks: Sequence[float] = ()) -> float:
    """Computes E[f(h)] for h ~ N(0, variance), to a relative 1e-8 or better.

    Args:
        function: f, elementwise, for variances up to 1e12; smooth but for its kinks, and growing
            no faster than a polynomial.
        variance: Variance of h, >= 0; for 0 the mean of f's limits from both sides of 0.
        kinks: Where f or a derivative of it jumps.

    Raises:
        ValueError: If the variance is negative or not finite.
    """
    _check_variance(variance)
    scale = np.sqrt(max(variance, _LEAST_VARIANCE))
    units = np.arange(-_REACH, _REACH + 1)
    edges = np.concatenate([units, _LADDER / scale, np.asarray(kinks, dtype=float) / scale])
    z, weights = _pieces(edges, reach=_REACH, rule=_RULE)
    return float(np.sum(weights * function(scale * z)))


def gaussian_pair_mean(
    function: Function, variance: float, correlation: float, kinks: Sequence[float] = ()
) -> float:
    """Computes E[f(h_1) f(h_2)] for normal h_1, h_2 of mean 0 and equal variance.

    With |correlation| = c, h = sqrt(variance) (sqrt(c) z +- sqrt(1 - c) w): given z, h_1 and h_2
    are independent, so the mean is E_z[m(z) m(+-z)] of the smoothed m(z) = E_w[f(h)].

    Args:
        function: f, elementwise, as in `gaussian_mean`.
        variance: Variance of h_1 and of h_2, >= 0.
        correlation: Correlation of h_1 and h_2, from -1 to 1.
        kinks: Where f or a derivative of it jumps.

    Raises:
        ValueError: If the variance is negative or not finite, or the correlation out of range.
    """
    _check_variance(variance)
    if not -1 <= correlation <= 1:
        raise ValueError(f"`-1 <= correlation <= 1` must hold, but got {correlation}")
    scale = np.sqrt(max(variance, _LEAST_VARIANCE))
    common = np.sqrt(max(abs(correlation), 1e-30))
    own = np.sqrt(max(1 - abs(correlation), 1e-30))
    bends = np.unique(np.concatenate([[0.0], np.asarray(kinks, dtype=float)])) / scale
    # The smoothed m bends near a kink over a distance of `own`.
    around = np.add.outer(bends, own * np.array([-8, -4, -2, -1, 0, 1, 2, 4, 8])).ravel()
    edges = np.concatenate(
        [np.arange(-_PAIR_REACH, _PAIR_REACH + 1), _LADDER / (scale * common), around / common]
    )
    z, weights = _pieces(np.concatenate([edges, -edges]), reach=_PAIR_REACH, rule=_PAIR_RULE)
    inner_bends = np.concatenate([_INNER_LADDER / scale, bends])
    inner = (inner_bends - common * z[:, None]) / own
    units = np.broadcast_to(np.arange(-_PAIR_REACH, _PAIR_REACH + 1, 1.5), (len(z), 13))
    w, inner_weights = _pieces(np.hstack([units, inner]), reach=_PAIR_REACH, rule=_PAIR_RULE)
    values = function(scale * (common * z[:, None] + own * w))
    smoothed = np.sum(inner_weights * values, axis=-1)
    # The nodes z are symmetric about 0: reversed, they are -z.
    other = smoothed if correlation >= 0 else smoothed[::-1]
    return float(np.sum(weights * smoothed * other))


def _check_variance(variance: float) -> None:
    if not 0 <= variance < np.inf:
        raise ValueError(f"`0 <= variance < infinity` must hold, but got {variance}")


def _pieces(edges: Array, *, reach: float, rule: tuple[Array, Array]) -> tuple[Array, Array]:
    """Returns nodes and weights of N(0, 1) over the pieces between edges on the last axis."""
    edges = np.sort(np.clip(edges, -reach, reach), axis=-1)
    if edges.ndim == 1:
        edges = np.unique(edges)
    points, factors = rule
    middle, half = (edges[..., 1:] + edges[..., :-1]) / 2, np.diff(edges, axis=-1) / 2
    nodes = middle[..., None] + half[..., None] * points
    weights = half[..., None] * factors * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    shape = (*edges.shape[:-1], -1)
    return nodes.reshape(shape), weights.reshape(shape)
