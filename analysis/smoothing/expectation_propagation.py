"""Gaussian posterior of a smooth logit under binomial counts on a grid.

The logits at the occupied grid points are f = B beta, with beta ~ N(0, I), and point p has s_p
stable of n_p trials. Each count's likelihood is stood for by a site, a normal without its
constant:

    likelihood        L_p(f) = exp(s_p f - n_p softplus(f))
    site              t_p(f) = exp(nu_p f - tau_p f^2 / 2)

Given all sites, the posterior is normal, and so is each logit:

    precision         A = I + B' diag(tau) B
    mean              A^-1 B' nu
    marginal          m_p = (B A^-1 B' nu)_p,   v_p = (B A^-1 B')_pp

A sweep takes each site out of its marginal, puts the likelihood in, and lets the new site have the
mean and variance of that:

    cavity            1 / v- = 1 / v - tau,     m- = v- (m / v - nu)
    tilted            Z, m^, v^ = mass, mean, variance of N(f; m-, v-) L(f)
    new site          tau = 1 / v^ - 1 / v-,    nu = m^ / v^ - m- / v-

    evidence          ln Z_EP = sum_p [ln Z_p - ln of the mass of N(f; m-, v-) t_p(f)]
                                + nu' B A^-1 B' nu / 2 - ln |A| / 2

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
        mean: Mean of the coefficients [R].
        factor: Lower Cholesky factor of their precision A [R, R].
        log_evidence: Log probability of the counts (order of trials given).
        sites: tau and nu of the sites [2, P].
    """

    mean: Floats
    factor: Floats
    log_evidence: float
    sites: Floats

    @property
    def covariance(self) -> Floats:
        """Covariance A^-1 of the coefficients [R, R]."""
        return np.asarray(cho_solve((self.factor, True), np.eye(len(self.mean))))

    def draw(self, normal: Floats) -> Floats:
        """Turns standard normal numbers [S, R] into coefficients [S, R]."""
        # With A = L L' a standard normal z becomes L'^-1 z, whose covariance is A^-1.
        # Of small tables, the check for numbers that are not finite takes longest.
        solved = solve_triangular(self.factor, normal.T, lower=True, trans="T", check_finite=False)
        return self.mean + solved.T


def posterior(
    basis: Basis, successes: Floats, trials: Floats, *, start: Floats | None = None
) -> Posterior:
    """Finds the posterior by expectation propagation, all sites at once, damped.

    Laplace's approximation sits at the mode, which for counts of all or none is far from the
    mean; expectation propagation matches mean and variance, and is close to exact for
    classification with Gaussian processes.

    Args:
        basis: Prior of the logit.
        successes: Stable trials [X, Y], not necessarily whole.
        trials: All trials [X, Y].
        start: `sites` to begin with, of the same counts under another prior; None begins with the
            counts' own.

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
        # The likelihood is log-concave, so that only rounding makes a precision negative.
        new[0] = np.maximum(new[0], 1e-9)
        # All sites move at once, each as if the others stayed: a whole step would overshoot.
        sites += _DAMPING * (new - sites)
    return Posterior(mean=mean, factor=factor, log_evidence=evidence, sites=sites)


def _empirical(s: Floats, n: Floats) -> Floats:
    """Returns sites as the counts alone would have them, each pulled towards a half."""
    share = (s + 0.5) / (n + 1)
    # The curvature of the log-likelihood at its maximum, the logit of the share.
    precision = n * share * (1 - share)
    return np.stack([precision, precision * np.log(share / (1 - share))])


def _gaussian(
    basis: Basis, sites: Floats, occupied: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Returns the coefficients' mean [R] and factor, the logits' mean and variance [P]."""
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
    """Returns the log mass, mean and variance of cavity times likelihood [P]; the cavity [2, P].

    They are summed where the current marginal has its mass, which at the fixed point is theirs.
    """
    v = np.maximum(v, 1e-10)
    # On the way to the fixed point a site may be more precise than its marginal.
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
    # Numbers were relative to the largest, and N(f; m-, v-) went without its constant.
    log_z = top + np.log(mass * step) - 0.5 * np.log(2 * np.pi * cavity_v)
    return log_z, mean, np.maximum(variance, 1e-10), np.stack([cavity_m, cavity_v])


def _evidence(mean: Floats, factor: Floats, sites: Floats, cavity: Floats, log_z: Floats) -> float:
    tau, nu = sites
    m, v = cavity
    # ln of the mass of N(f; m, v) exp(nu f - tau f^2 / 2).
    site = -0.5 * np.log1p(tau * v) + 0.5 * ((m / v + nu) ** 2 / (1 / v + tau) - m**2 / v)
    root = factor.T @ mean
    # h' A^-1 h = mean' A mean, with A the precision.
    whole = -np.log(np.diag(factor)).sum() + 0.5 * float(root @ root)
    return float((log_z - site).sum() + whole)
