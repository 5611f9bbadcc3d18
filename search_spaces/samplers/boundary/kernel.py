"""A Gaussian process classifier as a logistic regression on random Fourier features.

N known trials, D columns, F features. The posterior over the weights is the Laplace
approximation, so that the uncertainty of the map falls with trials nearby however they came
out: where seeds disagree it falls too, and the place is left.

References:
    Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007; Rasmussen and
    Williams, Gaussian Processes for Machine Learning, 2006, section 3.4 (Laplace).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

Floats = NDArray[np.float64]

_AMPLITUDE = 3.0
"""Prior standard deviation of the logit that the kernel adds to linear terms."""

_LINEAR = 0.5
_OFFSET = 3.0
_STEPS = 12
_LONGEST_STEP = 5.0
"""In logits: a full Newton step overshoots where classes can be separated."""


@dataclass(frozen=True, kw_only=True)
class FourierFeatures:
    """Features whose inner products are a Gaussian kernel, plus linear terms and an offset.

    Attributes:
        frequencies: Random directions [D, F'].
        centre: Of each column [D].
    """

    frequencies: Floats
    centre: Floats

    def __call__(self, points: Floats) -> Floats:
        """Features [M, F] of points [M, D]."""
        angles = points @ self.frequencies
        size = _AMPLITUDE / np.sqrt(self.frequencies.shape[1])
        linear = _LINEAR * (points - self.centre)
        offset = np.full((len(points), 1), _OFFSET)
        return np.hstack([size * np.cos(angles), size * np.sin(angles), linear, offset])


def fourier_features(
    known_NxD: Floats, *, length: float, pairs: int, seed: int
) -> FourierFeatures:
    """Draws the features.

    Args:
        known_NxD: Gives the centre.
        length: Distance over which the map changes, in the units of the columns.
        pairs: Cosines and sines.
        seed: Of the directions.
    """
    rng = np.random.default_rng(seed)
    frequencies = rng.standard_normal((known_NxD.shape[1], pairs)) / length
    return FourierFeatures(frequencies=frequencies, centre=known_NxD.mean(axis=0))


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Of the weights.

    Attributes:
        mean: [F].
        covariance: [F, F].
        evidence: ln of the marginal likelihood, up to a constant.
    """

    mean: Floats
    covariance: Floats
    evidence: float


def laplace(
    features_NxF: Floats, hits_N: NDArray[np.bool_], start: Floats | None = None
) -> Posterior:
    """The posterior of the weights under independent standard normal priors.

    Args:
        features_NxF: Of the known trials.
        hits_N: Whether a trial has the verdict.
        start: Weights to begin from.
    """
    count = features_NxF.shape[1]
    mean = np.zeros(count) if start is None else start.copy()
    for _ in range(_STEPS):
        p = expit(features_NxF @ mean)
        factor = cho_factor(_precision(features_NxF, p))
        step = cho_solve(factor, features_NxF.T @ (hits_N - p) - mean)
        largest = float(np.max(np.abs(features_NxF @ step), initial=0.0))
        mean = mean + step * min(1.0, _LONGEST_STEP / max(largest, 1e-9))
        if largest < 1e-2:
            break
    p = expit(features_NxF @ mean)
    factor = cho_factor(_precision(features_NxF, p))
    likely = np.where(hits_N, p, 1.0 - p)
    evidence = np.sum(np.log(likely + 1e-12)) - mean @ mean / 2
    evidence -= np.sum(np.log(np.diag(factor[0])))
    return Posterior(
        mean=mean, covariance=cho_solve(factor, np.eye(count)), evidence=float(evidence)
    )


def _precision(features_NxF: Floats, p: Floats) -> Floats:
    weighted = features_NxF * np.sqrt(p * (1.0 - p))[:, None]
    precision: Floats = weighted.T @ weighted
    precision[np.diag_indices(len(precision))] += 1.0
    return precision


def best_length(
    known_NxD: Floats,
    hits_N: NDArray[np.bool_],
    *,
    lengths: Sequence[float],
    pairs: int,
    seed: int,
) -> float:
    """The length under which the trials are likeliest.

    Args:
        known_NxD: Known trials; a few hundred tell.
        hits_N: Whether a trial has the verdict.
        lengths: To choose from.
        pairs: See `fourier_features`.
        seed: See `fourier_features`.
    """

    def evidence(length: float) -> float:
        features = fourier_features(known_NxD, length=length, pairs=pairs, seed=seed)
        return laplace(features(known_NxD), hits_N).evidence

    return max(lengths, key=evidence)
