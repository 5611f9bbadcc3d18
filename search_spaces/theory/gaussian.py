"""Means of functions of a normal variable, exact enough to be differentiated.

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
_LADDER = np.concatenate([-(2.0 ** np.arange(24, -3, -1)), [0.0], 2.0 ** np.arange(-2, 25)])
_RULE = np.polynomial.legendre.leggauss(16)
_LEAST_VARIANCE = 1e-200
"""Stands for 0: both sides of a kink at 0 still count."""


def gaussian_mean(function: Function, variance: float, kinks: Sequence[float] = ()) -> float:
    """E[f(h)] for h ~ N(0, variance), to a relative 1e-8 or better.

    Args:
        function: f, elementwise, for variances up to 1e12; smooth but for its kinks, and growing
            no faster than a polynomial.
        variance: >= 0; for 0 the mean of f's limits from both sides of 0.
        kinks: Where f or a derivative of it jumps.

    Raises:
        ValueError: If the variance is negative or not finite.
    """
    if not 0 <= variance < np.inf:
        raise ValueError(f"`0 <= variance < infinity` must hold, but got {variance}")
    scale = np.sqrt(max(variance, _LEAST_VARIANCE))
    units = np.arange(-_REACH, _REACH + 1)
    edges = np.concatenate([units, _LADDER / scale, np.asarray(kinks, dtype=float) / scale])
    z, weights = _pieces(edges)
    return float(np.sum(weights * function(scale * z)))


def _pieces(edges: Array) -> tuple[Array, Array]:
    """Nodes and weights of N(0, 1) over the pieces between these edges."""
    edges = np.unique(np.clip(edges, -_REACH, _REACH))
    points, factors = _RULE
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    nodes = middle[:, None] + half[:, None] * points
    weights = half[:, None] * factors * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    return nodes.ravel(), weights.ravel()
