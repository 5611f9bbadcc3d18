"""Gaussian posterior of a smooth logit under binomial counts on a grid.

Axes: X grid points along the first hyperparameter, Y along the second, P of them occupied,
R basis functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from analysis.smoothing.basis import Basis
from analysis.smoothing.softplus import softplus

Floats = NDArray[np.float64]

_NODES = np.linspace(-6.0, 6.0, 37)
"""Where a tilted distribution is evaluated, in its standard deviations."""

_MAX_SWEEPS = 25
_DAMPING = 0.8


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Coefficients of the basis, approximately normal.

    Attributes:
        mean: Of the coefficients [R].
        factor: Lower Cholesky factor of their precision [R, R].
        log_evidence: Log probability of the counts (order of trials given).
        sites: Precisions and precision-weighted means of the counts' normal stand-ins [2, P].
    """

    mean: Floats
    factor: Floats
    log_evidence: float
    sites: Floats

    @property
    def covariance(self) -> Floats:
        """Of the coefficients [R, R]."""
        return np.asarray(cho_solve((self.factor, True), np.eye(len(self.mean))))

    def draw(self, normal: Floats) -> Floats:
        """Coefficients [S, R] from standard normal numbers [S, R]."""
        return self.mean + solve_triangular(self.factor, normal.T, lower=True, trans="T").T


def posterior(
    basis: Basis, successes: Floats, trials: Floats, *, start: Floats | None = None
) -> Posterior:
    """Expectation propagation, all sites at once, damped.

    Laplace's approximation sits at the mode, which for counts of all or none is far from the
    mean; expectation propagation matches mean and variance, and is close to exact for
    classification with Gaussian processes.

    Args:
        basis: Prior of the logit.
        successes: Stable trials [X, Y], not necessarily whole.
        trials: All trials [X, Y].
        start: `sites` to begin with, of the same counts under another prior.

    References:
        Minka, Expectation propagation for approximate Bayesian inference, UAI 2001.
        Kuss, Rasmussen, Assessing approximate inference for binary GP classification, JMLR 2005.
    """
    occupied = np.nonzero(trials > 0)
    s, n = successes[occupied], trials[occupied]
    sites = _empirical(s, n) if start is None else start.copy()
    last = -np.inf
    for _ in range(_MAX_SWEEPS):
        mean, factor, m, v = _gaussian(basis, sites, occupied, trials.shape)
        log_z, tilted_m, tilted_v, cavity = _tilt(m, v, sites, s, n)
        evidence = _evidence(mean, factor, sites, cavity, log_z)
        # The evidence is stationary at the fixed point, so that it alone would stop too early.
        apart = np.abs(tilted_m - m) / np.sqrt(np.maximum(v, 1e-10))
        if abs(evidence - last) < 0.05 and apart.max(initial=0.0) < 0.05:
            break
        last = evidence
        new = np.stack([1 / tilted_v - 1 / cavity[1], tilted_m / tilted_v - cavity[0] / cavity[1]])
        new[0] = np.maximum(new[0], 1e-9)
        sites += _DAMPING * (new - sites)
    return Posterior(mean=mean, factor=factor, log_evidence=evidence, sites=sites)


def _empirical(s: Floats, n: Floats) -> Floats:
    """Normal stand-ins as the counts alone would have them, each pulled towards a half."""
    share = (s + 0.5) / (n + 1)
    precision = n * share * (1 - share)
    return np.stack([precision, precision * np.log(share / (1 - share))])


def _gaussian(
    basis: Basis, sites: Floats, occupied: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean [R] and Cholesky factor of the coefficients; mean and variance of the logits [P]."""
    tau, nu = np.zeros(shape), np.zeros(shape)
    tau[occupied], nu[occupied] = sites
    precision = basis.gram(tau)
    precision[np.diag_indices_from(precision)] += 1.0
    factor, _ = cho_factor(precision, lower=True, overwrite_a=True, check_finite=False)
    mean = cho_solve((factor, True), basis.project(nu), check_finite=False)
    covariance = cho_solve((factor, True), np.eye(len(mean)), check_finite=False)
    return (
        mean,
        np.tril(factor),
        basis.logits(mean)[occupied],
        basis.variances(covariance)[occupied],
    )


def _tilt(
    m: Floats, v: Floats, sites: Floats, s: Floats, n: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Log mass, mean and variance of cavity times likelihood [P]; the cavity [2, P].

    They are summed where the current marginal has its mass, which at the fixed point is theirs.
    """
    v = np.maximum(v, 1e-10)
    cavity_v = 1 / np.maximum(1 / v - sites[0], 1e-6 / v)
    cavity_m = cavity_v * (m / v - sites[1])
    f = m[:, None] + np.sqrt(v)[:, None] * _NODES
    log_p = (
        s[:, None] * f
        - n[:, None] * softplus(f)
        - 0.5 * (f - cavity_m[:, None]) ** 2 / cavity_v[:, None]
    )
    top = log_p.max(axis=1)
    p = np.exp(log_p - top[:, None])
    mass = p.sum(axis=1)
    mean = (p * f).sum(axis=1) / mass
    variance = (p * (f - mean[:, None]) ** 2).sum(axis=1) / mass
    step = (_NODES[1] - _NODES[0]) * np.sqrt(v)
    log_z = top + np.log(mass * step) - 0.5 * np.log(2 * np.pi * cavity_v)
    return log_z, mean, np.maximum(variance, 1e-10), np.stack([cavity_m, cavity_v])


def _evidence(mean: Floats, factor: Floats, sites: Floats, cavity: Floats, log_z: Floats) -> float:
    tau, nu = sites
    m, v = cavity
    site = -0.5 * np.log1p(tau * v) + 0.5 * ((m / v + nu) ** 2 / (1 / v + tau) - m**2 / v)
    root = factor.T @ mean
    # h' A^-1 h = mean' A mean, with A the precision.
    whole = -np.log(np.diag(factor)).sum() + 0.5 * float(root @ root)
    return float((log_z - site).sum() + whole)
