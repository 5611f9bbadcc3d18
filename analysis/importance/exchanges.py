"""What the stability model says of configurations once hyperparameters are exchanged among them.

For a set A of hyperparameters, z' is the configuration z with those of A from another one, both of
evenly placed trials. The part of A in the variance of being stable is

    T(A) = E (p(z) - p(z'))^2 / 2.

The model knows p but in distribution, and that is said three times. `fitted` is T of its mean: too
smooth, and so too small. `drawn` are draws of T from the posterior of the weights of its features.
`doubted` is the posterior mean of T with all of its variance, also what the features cannot
express: what a hyperparameter might do between the trials; rather too large. Q configurations, S
draws.

References:
    Oakley, O'Hagan, Probabilistic sensitivity analysis of complex models: a Bayesian approach,
    JRSS B 2004.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from analysis.stability_model import StabilityModel
from analysis.stability_model.model import STABLE
from search_spaces.stability_classifier.classifier import (
    NODE_WEIGHTS,
    NODES,
    drawn_probabilities,
    mean_probability,
    mean_square,
)
from search_spaces.stability_classifier.latent import Latent

Floats = NDArray[np.float64]
Names = tuple[str, ...]

DRAWS = 100
_CONFIGURATIONS = 1024


@dataclass(frozen=True, kw_only=True)
class Exchanged:
    """Shares of the variance of being stable, by set of hyperparameters.

    Attributes:
        fitted: Of the model's mean.
        doubted: Posterior mean.
        drawn: Draws [S].
    """

    fitted: Mapping[Names, float]
    doubted: Mapping[Names, float]
    drawn: Mapping[Names, Floats]


def exchanged(
    model: StabilityModel, sets: Mapping[Names, Sequence[str]], *, seed: int
) -> Exchanged:
    """Exchanges sets of hyperparameters, one after the other.

    Args:
        model: Its evenly placed configurations stand for the space.
        sets: The hyperparameters that are exchanged together, by what the set is called.
        seed: Of the draws and of what is paired, >= 0.
    """
    encoder, latent = model.classifier.encoder, model.classifier.latents[STABLE]
    groups = dict(zip((axis.name for axis in encoder.axes), encoder.groups, strict=True))
    optional = {axis.name for axis in encoder.axes if axis.optional}
    rng = np.random.default_rng([seed, 11])
    even = rng.permutation(model.even_configurations())
    rows = np.resize(even, _CONFIGURATIONS) if len(even) < _CONFIGURATIONS else even
    before = model.counts.columns[rows[:_CONFIGURATIONS]]
    order = rng.permutation(len(before))

    def after(names: Sequence[str]) -> Floats:
        changed = before.copy()
        # What an owner decides on comes along with it; alone, it is exchanged where it applies.
        together = len(names) > 1 and names[0] not in optional
        for name in names:
            columns = groups[name]
            absent = before[:, columns.stop - 1] > 0 if name in optional else np.zeros(len(before))
            has = np.flatnonzero(absent == 0) if not together else np.arange(len(before))
            changed[has, columns] = before[order[np.isin(order, has)], columns]
        return changed

    def draws(columns_QxD: Floats) -> Floats:
        # The same seed each time: one draw is one function over the whole space.
        return drawn_probabilities(latent, columns_QxD, DRAWS, np.random.default_rng(seed))

    fitted, doubted, drawn = {}, {}, {}
    with threadpool_limits(1):
        drawn_before, known_before = draws(before), _known(latent, before)
        mean = mean_probability(known_before.mean, known_before.deviation).mean()
        variance = max(float(mean * (1.0 - mean)), 1e-4)
        for name, some in sets.items():
            changed = after(some)
            of_means, of_posterior = _squares(latent, known_before, _known(latent, changed))
            fitted[name] = float(of_means.mean()) / 2 / variance
            doubted[name] = float(of_posterior.mean()) / 2 / variance
            drawn[name] = np.mean((drawn_before - draws(changed)) ** 2, axis=1) / 2 / variance
    return Exchanged(fitted=fitted, doubted=doubted, drawn=drawn)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the posterior says of the logits of configurations: columns, mean, deviation, rows."""

    columns: Floats
    mean: Floats
    deviation: Floats
    rows: Floats


def _known(latent: Latent, columns: Floats) -> _Known:
    mean, rows = latent.reduced(columns)
    variance = latent.stretch * (latent.kernel.variance - np.sum(rows**2, axis=1))
    deviation = np.sqrt(np.maximum(variance, 1e-6))
    return _Known(columns=columns, mean=mean, deviation=deviation, rows=rows)


def _squares(latent: Latent, one: _Known, other: _Known) -> tuple[Floats, Floats]:
    """Returns the square of the difference of means, and the mean square of differences [Q]."""
    covariance = latent.kernel.paired(one.columns, other.columns)
    covariance = latent.stretch * (covariance - np.sum(one.rows * other.rows, axis=1))
    alike = np.clip(covariance / (one.deviation * other.deviation), -1.0, 1.0)
    unlike = np.sqrt(1.0 - alike**2)
    product = np.zeros(len(alike))
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        first = weight * expit(one.mean + node * one.deviation)
        for further, further_weight in zip(NODES, NODE_WEIGHTS, strict=True):
            normal = alike * node + unlike * further
            product += first * further_weight * expit(other.mean + other.deviation * normal)
    means = [mean_probability(each.mean, each.deviation) for each in (one, other)]
    squares = sum(mean_square(each.mean, each.deviation) for each in (one, other))
    return (means[0] - means[1]) ** 2, np.maximum(squares - 2.0 * product, 0.0)
