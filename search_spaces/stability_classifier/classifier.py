"""What becomes of a setting: the probability of each verdict, over the whole search space.

Each verdict has a logit of its own, a Gaussian process (`latent`). That of stable alone decides
the probability of stable; the others share what is left in proportion to their own. All trials
count, wherever a sampler placed them: a classifier conditioned on every hyperparameter asks only
what came out there, not how often trials were placed there. N settings, D columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from search_spaces.stability_classifier.axes import Encoder
from search_spaces.stability_classifier.evidence import Labelled
from search_spaces.stability_classifier.latent import Latent

Floats = NDArray[np.float64]

Z = 1.959963984540054
"""Of a two-sided interval of 95 %."""

CERTAIN = 0.01
"""A bound nearer than this to 0 or 1 is 0 or 1: no number of trials shows more."""

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the trials of each setting.

    Attributes:
        columns: Of the settings [N, D].
        trials: Trials of each verdict by setting [N].
    """

    columns: Floats
    trials: Mapping[str, Floats]

    @property
    def total(self) -> Floats:
        """Trials of each setting [N]."""
        return np.sum(list(self.trials.values()), axis=0)

    def labelled(self, verdict: str, alike: float) -> Labelled:
        """Returns the settings labelled for one verdict.

        Args:
            verdict: One of `trials`.
            alike: Correlation of the outcomes of one setting's trials beyond their common
                probability, 0 to 1: m trials are worth m / (1 + (m - 1) alike) independent ones.
        """
        total = self.total
        return Labelled(
            columns=self.columns,
            share=self.trials[verdict] / total,
            weight=total / (1.0 + (total - 1.0) * alike),
        )


@dataclass(frozen=True, kw_only=True)
class VerdictClassifier:
    """Probabilities of the verdicts.

    Attributes:
        encoder: The columns.
        latents: Posterior of each verdict's logit; the first verdict is the one that decides its
            own probability, the others share the rest.
        alike: Correlation of the trials of one setting, see `Counts.labelled`.
    """

    encoder: Encoder
    latents: Mapping[str, Latent]
    alike: float

    def predict(self, columns_NxD: Floats) -> dict[str, tuple[Floats, Floats, Floats]]:
        """Returns by verdict the probability, its lower and its upper bound, each [N]."""
        logits = {verdict: latent(columns_NxD) for verdict, latent in self.latents.items()}
        return probabilities(logits)


def probabilities(
    logits: Mapping[str, tuple[Floats, Floats]],
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Turns logits into probabilities with intervals of 95 %.

    Args:
        logits: By verdict the mean and deviation of the logit; the first decides for itself.
    """
    said = {verdict: mean_probability(*each) for verdict, each in logits.items()}
    first, *others = said
    rest = np.maximum(np.sum([said[verdict] for verdict in others], axis=0), 1e-12)
    found = {}
    for verdict, (mean, deviation) in logits.items():
        p, low, high = said[verdict], expit(mean - Z * deviation), expit(mean + Z * deviation)
        if verdict == first:
            of_first = (p, low, high)
        else:
            share = (1.0 - said[first]) / rest
            p, low, high = p * share, low * share, high * share
            low, high = with_doubt_of_first(p, low, high, of_first)
        low = np.minimum(np.where(low < CERTAIN, 0.0, low), p)
        high = np.maximum(np.where(high > 1.0 - CERTAIN, 1.0, high), p)
        found[verdict] = (p, low, high)
    return found


def with_doubt_of_first(
    p: Floats, low: Floats, high: Floats, of_first: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Widens the interval of a share of the rest by the doubt of how much the first one leaves.

    The distances of both factors' bounds add as their squares (Zou and Donner, Construction of
    confidence limits about effect measures, Statistics in Medicine 2008).

    Args:
        p: The probability.
        low: Its lower bound, were the first verdict's probability exactly known.
        high: The upper one.
        of_first: Probability, lower and upper bound of the first verdict.
    """
    first, first_low, first_high = of_first
    share = p / np.maximum(1.0 - first, 1e-12)
    below = np.hypot(p - low, share * (first_high - first))
    above = np.hypot(high - p, share * (first - first_low))
    return np.maximum(p - below, 0.0), np.minimum(p + above, 1.0)


def mean_probability(mean: Floats, deviation: Floats) -> Floats:
    """Returns the mean of a logistic function of normal logits (Gauss-Hermite, nine points)."""
    total = np.zeros_like(mean)
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        total += weight * expit(mean + node * deviation)
    return np.minimum(total, 1.0)


def mean_square(mean: Floats, deviation: Floats) -> Floats:
    """Returns the mean of the square of a logistic function of normal logits."""
    total = np.zeros_like(mean)
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        total += weight * expit(mean + node * deviation) ** 2
    return total


def drawn_probabilities(
    latent: Latent, columns_NxD: Floats, count: int, rng: np.random.Generator
) -> Floats:
    """Returns joint draws of a verdict's probability [count, N] from its posterior.

    What lies outside of the features' span is taken as independent from setting to setting, and
    its mean is what is drawn (MacKay's approximation of the mean of a logistic function).
    """
    parts = [
        expit(logits / np.sqrt(1.0 + np.pi / 8.0 * open_N))
        for logits, open_N in latent.draws(columns_NxD, count, rng)
    ]
    return np.hstack([np.zeros((count, 0)), *parts])
