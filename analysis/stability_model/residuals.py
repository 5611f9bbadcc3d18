"""What a model misses on average, as a smooth function of one or two hyperparameters.

A Gaussian process of mean 0 over the grid of a map, whose amplitude and length are integrated
over; residuals are counted at the nearest grid position. G positions, E residuals, S draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from analysis.smoothing.axis import Axis

Floats = NDArray[np.float64]

_AMPLITUDES = (0.05, 0.1, 0.15, 0.22)
_LENGTHS = (0.15, 0.4, 1.0)
_ROUGH = 0.1
"""Length of the half that no other place tells of: what decides may switch between two cells."""

_TYPICAL = 0.08
"""Prior scale of the amplitude (half-normal): how far a model's average is off."""

_LIKENESS = 0.5
"""Correlation between two names."""


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Outcomes less predictions.

    Attributes:
        x: Position along the first axis [E].
        y: Along the second one [E].
        missed: Residuals [E], in [-1, 1].
        variance: Of each [E], > 0.
    """

    x: Floats
    y: Floats
    missed: Floats
    variance: Floats


def drawn_means(
    residuals: Residuals,
    axes: tuple[Axis, Axis],
    grid: tuple[Floats, Floats],
    count: int,
    seed: int,
) -> Floats:
    """Draws the mean residual over a grid from its posterior [count, X, Y].

    Args:
        residuals: Of evenly placed trials.
        axes: The map's.
        grid: Positions along both.
        count: Draws S.
        seed: Of the draws, >= 0.
    """
    x_at, y_at = grid
    shape = (len(x_at), len(y_at))
    column = np.abs(residuals.x[:, None] - x_at).argmin(axis=1)
    row = np.abs(residuals.y[:, None] - y_at).argmin(axis=1)
    cell = column * shape[1] + row
    precision = np.bincount(cell, 1.0 / residuals.variance, shape[0] * shape[1])
    sums = np.bincount(cell, residuals.missed / residuals.variance, shape[0] * shape[1])
    seen = np.flatnonzero(precision)
    mean, noise = sums[seen] / precision[seen], 1.0 / precision[seen]
    fits = []
    for prior, weight in _priors(axes, grid):
        inner = prior[np.ix_(seen, seen)] + np.diag(noise)
        root = cholesky(inner, lower=True, check_finite=False)
        dual = cho_solve((root, True), mean)
        evidence = weight - 0.5 * mean @ dual - np.sum(np.log(np.diag(root)))
        fits.append((float(evidence), prior, root, dual))
    share = np.exp(np.array([fit[0] for fit in fits]) - max(fit[0] for fit in fits))
    numbers = np.bincount(
        np.searchsorted(np.cumsum(share) / share.sum(), (np.arange(count) + 0.5) / count),
        minlength=len(fits),
    )
    rng = np.random.default_rng([seed, 5])
    drawn = []
    for number, (_, prior, root, dual) in zip(numbers, fits, strict=True):
        if number:
            taken = solve_triangular(root, prior[seen], lower=True, check_finite=False)
            values, vectors = np.linalg.eigh(prior - taken.T @ taken)
            half = vectors * np.sqrt(np.maximum(values, 0.0))
            normal = rng.standard_normal((len(values), number))
            drawn.append((prior[:, seen] @ dual)[:, None] + half @ normal)
    # In random order: the model's draws, which they are added to, are not of one amplitude each.
    return rng.permutation(np.hstack(drawn).T).reshape(count, *shape)


def _priors(
    axes: tuple[Axis, Axis], grid: tuple[Floats, Floats]
) -> Iterator[tuple[Floats, float]]:
    """Yields prior covariances [G, G] with the logarithm of their prior weight."""
    rough = _shape(axes, grid, _ROUGH)
    for length in _LENGTHS:
        shape = 0.5 * (_shape(axes, grid, length) + rough)
        for amplitude in _AMPLITUDES:
            yield np.asarray(amplitude**2 * shape), -0.5 * (amplitude / _TYPICAL) ** 2


def _shape(axes: tuple[Axis, Axis], grid: tuple[Floats, Floats], length: float) -> Floats:
    along, up = (_kernel(*each, length) for each in zip(axes, grid, strict=True))
    return np.asarray(np.kron(along, up))


def _kernel(axis: Axis, at: Floats, length: float) -> Floats:
    if axis.names:
        return np.where(at[:, None] == at, 1.0, _LIKENESS)
    r = np.sqrt(3.0) * np.abs(at[:, None] - at) / length
    return np.asarray((1.0 + r) * np.exp(-r))
