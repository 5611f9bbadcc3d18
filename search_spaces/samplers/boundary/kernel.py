"""A Gaussian process classifier as a logistic regression on random Fourier features.

The logit at a point x is w . phi(x), with phi(x) = a / sqrt(F') (cos(x . v_j), sin(x . v_j)),
linear terms and an offset; v_j is drawn from N(0, 1 / length^2), so that phi(x) . phi(y) is about
a^2 exp(-|x - y|^2 / (2 length^2)). With w ~ N(0, I), p = expit(Phi w) and outcomes y in {0, 1}:

    gradient of the log posterior       Phi' (y - p) - w
    its negative Hessian                H = Phi' diag(p (1 - p)) Phi + I
    posterior (Laplace)                 N(mode, H^-1)
    ln of the evidence, up to a constant ln p(y | mode) - |mode|^2 / 2 - ln |H| / 2

H does not depend on y but through p, so that the uncertainty of the map falls with trials nearby
however they came out: where seeds disagree it falls too, and the sampler goes elsewhere.
N known trials, D columns, F features, F' pairs of a cosine and a sine.

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
        centre: Mean of each column [D], where the linear terms are 0.
    """

    frequencies: Floats
    centre: Floats

    def __call__(self, points: Floats) -> Floats:
        """Returns the features [M, F] of points [M, D]."""
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
        known_NxD: Columns of the known trials, whose mean is the centre.
        length: Distance over which the map changes, > 0, in the units of the columns.
        pairs: Number of directions F', each with a cosine and a sine.
        seed: Seeds the directions, >= 0.
    """
    rng = np.random.default_rng(seed)
    frequencies = rng.standard_normal((known_NxD.shape[1], pairs)) / length
    return FourierFeatures(frequencies=frequencies, centre=known_NxD.mean(axis=0))


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """The normal approximation of the posterior of the weights.

    Attributes:
        mean: The mode [F].
        covariance: H^-1 [F, F].
        evidence: ln of the marginal likelihood, up to a constant.
    """

    mean: Floats
    covariance: Floats
    evidence: float


def laplace(
    features_NxF: Floats, hits_N: NDArray[np.bool_], start: Floats | None = None
) -> Posterior:
    """Computes the posterior of the weights under independent standard normal priors.

    Args:
        features_NxF: Features of the known trials.
        hits_N: Whether a trial has the verdict.
        start: Weights [F] that Newton's method begins from; None for 0.
    """
    count = features_NxF.shape[1]
    mean = np.zeros(count) if start is None else start.copy()
    for _ in range(_STEPS):
        p = expit(features_NxF @ mean)
        factor = cho_factor(_precision(features_NxF, p))
        step = cho_solve(factor, features_NxF.T @ (hits_N - p) - mean)
        # Steps are measured in logits, in which they mean something, not in weights.
        largest = float(np.max(np.abs(features_NxF @ step), initial=0.0))
        mean = mean + step * min(1.0, _LONGEST_STEP / max(largest, 1e-9))
        if largest < 1e-2:
            break
    p = expit(features_NxF @ mean)
    factor = cho_factor(_precision(features_NxF, p))
    likely = np.where(hits_N, p, 1.0 - p)
    evidence = np.sum(np.log(likely + 1e-12)) - mean @ mean / 2
    # ln |H| / 2 is the sum of the logarithms of its Cholesky factor's diagonal.
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
    """Returns the length under which the trials are likeliest.

    Args:
        known_NxD: Columns of the known trials; a few hundred are enough.
        hits_N: Whether a trial has the verdict.
        lengths: Lengths to choose from, > 0.
        pairs: Number of directions, each with a cosine and a sine.
        seed: Seeds the directions, >= 0.
    """

    def evidence(length: float) -> float:
        features = fourier_features(known_NxD, length=length, pairs=pairs, seed=seed)
        return laplace(features(known_NxD), hits_N).evidence

    return max(lengths, key=evidence)
