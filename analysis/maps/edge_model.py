"""The largest learning rate at which networks learn, at one size and as a power law of the size.

At each size the edge is the learning rate, above those that learn, at which half of the trials
fail. Over sizes ln edge = a + exponent ln size, about which the sizes scatter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TAILS = (0.025, 0.5, 0.975)

_LAPSE = 0.02
"""Share of trials that come out otherwise far from the edge, for reasons of their own."""

_GRID = 241
_WIDTHS = np.geomspace(0.03, 2.0, 15)
"""How wide the transition may be, in ln of the learning rate."""

_SCATTERS = np.linspace(0.0, 0.6, 25)
_EXPECTED_SCATTER = 0.15
"""Half-normal prior of how much an edge differs from the power law, in ln of the rate."""

_DRAWS = 4000


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """An edge at a size, from the sizes that were used.

    Attributes:
        size: Where.
        edge: Learning rate, the median.
        low: Lower end of the interval of 95 %.
        high: Upper end.
    """

    size: float
    edge: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Posterior of ln of an edge, on a grid.

    Attributes:
        at: ln of learning rates, ascending.
        weights: Their probabilities.
    """

    at: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Mean of ln of the edge."""
        return float(self.weights @ self.at)

    @property
    def variance(self) -> float:
        """Variance of ln of the edge."""
        return float(self.weights @ (self.at - self.mean) ** 2)

    def at_size(self, size: float) -> Prediction:
        """Returns the edge as that of a size, with its interval."""
        low, edge, high = np.exp(np.interp(TAILS, np.cumsum(self.weights), self.at))
        return Prediction(size=size, edge=float(edge), low=float(low), high=float(high))


def find_edge(rates: Floats, learns: NDArray[np.bool_]) -> Edge | None:
    """Finds the edge from ln of the learning rates and which trials learn; None if not bracketed.

    Trials below the middle of those that learn say nothing of it.
    """
    if not learns.any():
        return None
    middle = float(np.median(rates[learns]))
    above = rates >= middle
    x, ok = rates[above], learns[above]
    if ok.all():
        return None
    at = np.linspace(middle, float(x.max()) + 0.5, _GRID)
    z = (at[:, None, None] - x) / _WIDTHS[:, None]
    p = _LAPSE + (1 - 2 * _LAPSE) / (1 + np.exp(-np.clip(z, -60, 60)))
    likelihood = np.where(ok, np.log(p), np.log1p(-p)).sum(axis=2)
    weights = np.exp(likelihood - likelihood.max()).sum(axis=1)
    return Edge(at=at, weights=weights / weights.sum())


@dataclass(frozen=True, kw_only=True)
class Law:
    """Draws [S, 3] of ln edge at size 1, the exponent, and the scatter about the law."""

    draws: Floats

    @classmethod
    def of(cls, edges: Sequence[tuple[float, Edge]]) -> Law:
        """Bayes, with flat priors of the line; each edge by its mean and variance."""
        x = np.log([size for size, _ in edges])
        y = np.array([edge.mean for _, edge in edges])
        variances = np.array([max(edge.variance, 1e-6) for _, edge in edges])
        design = np.stack([np.ones_like(x), x], axis=1)
        logs, means, roots = [], [], []
        for scatter in _SCATTERS:
            weight = 1 / (variances + scatter**2)
            precision = design.T @ (weight[:, None] * design)
            covariance = np.linalg.inv(precision)
            mean = covariance @ design.T @ (weight * y)
            misfit = weight @ (y - design @ mean) ** 2
            prior = (scatter / _EXPECTED_SCATTER) ** 2
            determinant = np.linalg.slogdet(precision)[1]
            logs.append(0.5 * (np.log(weight).sum() - determinant - misfit - prior))
            means.append(mean)
            roots.append(np.linalg.cholesky(covariance))
        share = np.exp(np.array(logs) - max(logs))
        rng = np.random.default_rng(0)
        chosen = rng.choice(len(_SCATTERS), size=_DRAWS, p=share / share.sum())
        normal = rng.standard_normal((_DRAWS, 2, 1))
        lines = np.array(means)[chosen] + (np.array(roots)[chosen] @ normal)[:, :, 0]
        return cls(draws=np.column_stack([lines, _SCATTERS[chosen]]))

    @property
    def exponent(self) -> tuple[float, float, float]:
        """The median between the ends of its interval."""
        low, middle, high = np.quantile(self.draws[:, 1], TAILS).tolist()
        return low, middle, high

    def predict(self, size: float) -> Prediction:
        """Returns the edge to expect at a size."""
        level, exponent, scatter = self.draws.T
        own = scatter * np.random.default_rng(1).standard_normal(len(scatter))
        low, edge, high = np.exp(np.quantile(level + exponent * math.log(size) + own, TAILS))
        return Prediction(size=size, edge=float(edge), low=float(low), high=float(high))
