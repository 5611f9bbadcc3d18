"""The smoothed probability of stable over one or two hyperparameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from analysis.smoothing.counts import Counts
from analysis.smoothing.expectation_propagation import Posterior, posterior
from analysis.smoothing.prior import Prior
from analysis.smoothing.sampling import sharpen

Floats = NDArray[np.float64]

ROUNDS = (16, 12, 12)
"""Smoothnesses that are tried: first from the prior, then where the evidence was."""

QUICK = (12,)
"""The same where no interval is of interest, only the probability."""

DRAWS = 500

_PLACES = np.linspace(-5, 5, 41)
_SHARES = np.exp(-(_PLACES**2) / 2) / np.exp(-(_PLACES**2) / 2).sum()
"""Of a standard normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """One smoothness: its parameters, posterior, and its share of the evidence."""

    parameters: Floats
    posterior: Posterior
    weight: float
    draws: Floats


@dataclass(frozen=True, kw_only=True)
class Smooth:
    """Posterior of the logit of stable: a mixture of normal ones over smoothnesses.

    Attributes:
        prior: Axes and kernel.
        components: The smoothnesses that have a share.
    """

    prior: Prior
    components: tuple[Component, ...]

    def probability(self, x: Floats, y: Floats) -> Floats:
        """Posterior mean of the probability of stable at positions [X, Y]."""
        total = np.zeros((len(x), len(y)))
        for one in self.components:
            basis = self.prior.basis_at(one.parameters, x, y)
            mean = basis.logits(one.posterior.mean)
            deviation = np.sqrt(np.maximum(basis.variances(one.posterior.covariance), 0.0))
            for place, share in zip(_PLACES, _SHARES, strict=True):
                total += one.weight * share * expit(mean + deviation * place)
        return total / sum(one.weight for one in self.components)

    def draws(self, x: Floats, y: Floats) -> Floats:
        """Logits drawn from the posterior [S, X, Y] at positions x [X] and y [Y].

        The same positions or others, draw s is always the same function.
        """
        blocks = [
            self.prior.basis_at(one.parameters, x, y).logits(one.draws)
            for one in self.components
            if len(one.draws)
        ]
        return np.concatenate(blocks)


def fit(
    counts: Counts, *, seed: int = 0, rounds: tuple[int, ...] = ROUNDS, draws: int = DRAWS
) -> Smooth:
    """Fits the model: its smoothness is integrated over, by adaptive importance sampling.

    Args:
        counts: Trials and stable ones on the grid.
        seed: Of the smoothnesses that are tried and of the draws.
        rounds: How many are tried, round by round.
        draws: How many logits are drawn; 0 where the probability alone is of interest.

    References:
        Rue, Martino, Chopin, Approximate Bayesian inference for latent Gaussian models, JRSS B
        2009 (integrating over the hyperparameters).
        Cornuet et al., Adaptive multiple importance sampling, Scand. J. Stat. 2012.
    """
    prior = Prior(x=counts.x, y=counts.y, x_at=counts.x_at, y_at=counts.y_at)
    proposals = [(prior.mean, np.diag(prior.deviation**2))]
    tried: list[tuple[Floats, Posterior]] = []
    for number in rounds:
        for parameters in _spread(proposals[-1], number, seed + len(tried)):
            basis, start = prior.basis(parameters), _nearest(prior, parameters, tried)
            found = posterior(basis, counts.successes, counts.trials, start=start)
            tried.append((parameters, found))
        weights = _weights(prior, proposals, rounds[: len(proposals)], tried)
        points = np.array([parameters for parameters, _ in tried])
        center = weights @ points
        spread = (weights[:, None] * (points - center)).T @ (points - center)
        # Wider than the weighted points are, and never flat in a direction.
        proposals.append((center, 1.3 * spread + np.diag(0.02 * prior.deviation**2)))
    kept = [(*one, float(weight)) for one, weight in zip(tried, weights, strict=True)]
    kept = [one for one in kept if one[2] > 1e-3]
    shares = _shares(np.array([weight for *_, weight in kept]), draws)
    rng = np.random.default_rng(seed)
    parts = []
    for (parameters, found, weight), number in zip(kept, shares, strict=True):
        drawn = np.empty((0, len(found.mean)))
        if number:
            basis = prior.basis(parameters)
            drawn = sharpen(found, basis, counts.successes, counts.trials, number, rng)
        parts.append(Component(parameters=parameters, posterior=found, weight=weight, draws=drawn))
    return Smooth(prior=prior, components=tuple(parts))


def _shares(weights: Floats, number: int) -> NDArray[np.int64]:
    """How many of the draws each gets: its share, but for rounding [K]."""
    edges = np.cumsum(weights) / weights.sum()
    chosen = np.searchsorted(edges, (np.arange(number) + 0.5) / number)
    return np.bincount(np.minimum(chosen, len(weights) - 1), minlength=len(weights))


def _spread(proposal: tuple[Floats, Floats], number: int, seed: int) -> Floats:
    # Imported here: it takes longer to import than all else together.
    from scipy.stats import qmc

    center, covariance = proposal
    size = len(center)
    power = math.ceil(math.log2(number))
    points = qmc.Sobol(size, seed=seed).random_base2(power)[:number]
    normal = ndtri(np.clip(points, 1e-6, 1 - 1e-6))
    return np.asarray(center + normal @ np.linalg.cholesky(covariance).T)


def _nearest(
    prior: Prior, parameters: Floats, tried: list[tuple[Floats, Posterior]]
) -> Floats | None:
    """The sites that were found for the most similar smoothness."""
    if not tried:
        return None
    apart = [np.abs((parameters - other) / prior.deviation).sum() for other, _ in tried]
    return tried[int(np.argmin(apart))][1].sites


def _weights(
    prior: Prior,
    proposals: list[tuple[Floats, Floats]],
    rounds: tuple[int, ...],
    tried: list[tuple[Floats, Posterior]],
) -> Floats:
    points = np.array([parameters for parameters, _ in tried])
    target = np.array([found.log_evidence for _, found in tried])
    target = target + _log_normal(points, prior.mean, np.diag(prior.deviation**2))
    mixture = np.stack(
        [
            math.log(number / len(tried)) + _log_normal(points, *proposal)
            for number, proposal in zip(rounds, proposals, strict=True)
        ]
    )
    log_weights = target - np.logaddexp.reduce(mixture, axis=0)
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _log_normal(points: Floats, center: Floats, covariance: Floats) -> Floats:
    factor = np.linalg.cholesky(covariance)
    standard = np.linalg.solve(factor, (points - center).T)
    return np.asarray(
        -0.5 * (standard**2).sum(axis=0)
        - np.log(np.diag(factor)).sum()
        - 0.5 * len(center) * math.log(2 * math.pi)
    )
