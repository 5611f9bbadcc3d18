"""The smoothed probability of stable over one or two hyperparameters.

Given a smoothness theta, expectation propagation gives a normal posterior of the logit and the
evidence p(counts | theta). Smoothnesses are tried in rounds; the proposal q_j of a round is normal
around those of the rounds before. With n_j tried in round j of n, each has the weight

    w = p(counts | theta) p(theta) / sum_j (n_j / n) q_j(theta)

in the mixture that is the posterior of the logit: the denominator is the density that all tried
ones together were drawn from, so that no early round is thrown away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from analysis.smoothing.axis import Axis
from analysis.smoothing.counts import Counts
from analysis.smoothing.expectation_propagation import Posterior, posterior
from analysis.smoothing.prior import Prior
from analysis.smoothing.sampling import sharpen

Floats = NDArray[np.float64]

ROUNDS = (16, 12, 12)
"""Smoothnesses that are tried: first from the prior, then where the evidence lies."""

QUICK = (12,)
"""The same where no interval is of interest, only the probability."""

DRAWS = 500

_NODES = np.linspace(-5, 5, 41)
_SHARES = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()
"""Nodes and weights that integrate over a standard normal distribution."""


class MapAxes(Protocol):
    """The two axes of a map."""

    @property
    def x(self) -> Axis: ...

    @property
    def y(self) -> Axis: ...


class DrawnMap(Protocol):
    """A map of the probability of stable as joint draws of its logit."""

    @property
    def prior(self) -> MapAxes: ...

    def draws(self, x: Floats, y: Floats) -> Floats:
        """Draws logits [S, X, Y] at positions; draw s is always the same function."""
        ...


@dataclass(frozen=True, kw_only=True)
class Component:
    """One smoothness.

    Attributes:
        parameters: Amplitude and lengths as `Prior` has them [H].
        posterior: Normal posterior of the basis coefficients.
        weight: Share of the evidence, in (0, 1].
        draws: Coefficients drawn from it [S', R]; their number follows the weight.
    """

    parameters: Floats
    posterior: Posterior
    weight: float
    draws: Floats


@dataclass(frozen=True, kw_only=True)
class Smooth:
    """Posterior of the logit of stable: a mixture of normal ones over smoothnesses.

    Attributes:
        prior: Axes and kernel.
        components: The smoothnesses that have a share of more than 0.1 %.
    """

    prior: Prior
    components: tuple[Component, ...]

    def probability(self, x: Floats, y: Floats) -> Floats:
        """Returns the posterior mean of the probability of stable at positions [X, Y]."""
        total = np.zeros((len(x), len(y)))
        for component in self.components:
            basis = self.prior.basis_at(component.parameters, x, y)
            mean = basis.logits(component.posterior.mean)
            deviation = np.sqrt(np.maximum(basis.variances(component.posterior.covariance), 0.0))
            # E[expit(f)] for f ~ N(mean, deviation^2) has no closed form.
            for node, share in zip(_NODES, _SHARES, strict=True):
                total += component.weight * share * expit(mean + deviation * node)
        return total / sum(component.weight for component in self.components)

    def draws(self, x: Floats, y: Floats) -> Floats:
        """Draws logits from the posterior [S, X, Y] at positions x [X] and y [Y].

        The same positions or others, draw s is always the same function.
        """
        blocks = [
            self.prior.basis_at(component.parameters, x, y).logits(component.draws)
            for component in self.components
            if len(component.draws)
        ]
        return np.concatenate(blocks)


def fit(
    counts: Counts, *, seed: int = 0, rounds: tuple[int, ...] = ROUNDS, draws: int = DRAWS
) -> Smooth:
    """Fits the model: its smoothness is integrated over, by adaptive importance sampling.

    Args:
        counts: Trials and stable ones on the grid.
        seed: Seeds the smoothnesses that are tried and the draws, >= 0.
        rounds: How many smoothnesses are tried, round by round.
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
            fitted = posterior(basis, counts.successes, counts.trials, start=start)
            tried.append((parameters, fitted))
        weights = _weights(prior, proposals, rounds[: len(proposals)], tried)
        points = np.array([parameters for parameters, _ in tried])
        center = weights @ points
        spread = (weights[:, None] * (points - center)).T @ (points - center)
        # Wider than the weighted points are, and never flat in a direction.
        proposals.append((center, 1.3 * spread + np.diag(0.02 * prior.deviation**2)))
    return Smooth(prior=prior, components=_components(prior, counts, tried, weights, draws, seed))


def _components(
    prior: Prior,
    counts: Counts,
    tried: list[tuple[Floats, Posterior]],
    weights: Floats,
    draws: int,
    seed: int,
) -> tuple[Component, ...]:
    """Returns the smoothnesses that have a share, with their draws."""
    kept = np.flatnonzero(weights > 1e-3)
    rng = np.random.default_rng(seed)
    components = []
    for index, number in zip(kept, _shares(weights[kept], draws), strict=True):
        parameters, normal = tried[index]
        drawn = np.empty((0, len(normal.mean)))
        if number:
            basis = prior.basis(parameters)
            drawn = sharpen(normal, basis, counts.successes, counts.trials, number, rng)
        components.append(
            Component(
                parameters=parameters,
                posterior=normal,
                weight=float(weights[index]),
                draws=drawn,
            )
        )
    return tuple(components)


def _shares(weights: Floats, number: int) -> NDArray[np.int64]:
    """Returns how many of the draws each component gets [K]: its share, but for rounding."""
    # Systematic sampling: counts differ from their expectation by less than one.
    edges = np.cumsum(weights) / weights.sum()
    chosen = np.searchsorted(edges, (np.arange(number) + 0.5) / number)
    return np.bincount(np.minimum(chosen, len(weights) - 1), minlength=len(weights))


def _spread(proposal: tuple[Floats, Floats], number: int, seed: int) -> Floats:
    # Imported here: it takes longer to import than all else together.
    from scipy.stats import qmc

    # Quasi-random: so few points would leave gaps if they were drawn independently.
    center, covariance = proposal
    size = len(center)
    power = math.ceil(math.log2(number))
    points = qmc.Sobol(size, seed=seed).random_base2(power)[:number]
    normal = ndtri(np.clip(points, 1e-6, 1 - 1e-6))
    return np.asarray(center + normal @ np.linalg.cholesky(covariance).T)


def _nearest(
    prior: Prior, parameters: Floats, tried: list[tuple[Floats, Posterior]]
) -> Floats | None:
    """Returns the sites of the most similar smoothness, to begin with; None before the first."""
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
    target = np.array([normal.log_evidence for _, normal in tried])
    target = target + _log_normal(points, prior.mean, np.diag(prior.deviation**2))
    mixture = np.stack(
        [
            math.log(number / len(tried)) + _log_normal(points, *proposal)
            for number, proposal in zip(rounds, proposals, strict=True)
        ]
    )
    # Relative to the largest: evidences are far below what a float can hold.
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
