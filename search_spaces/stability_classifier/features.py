"""The features of settings, and the likeliest weights of them: Newton's method.

phi(x) = L^-1 k(x), see `latent`. N settings, M inducing ones, D columns.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import expit

from search_spaces.stability_classifier.evidence import LONGEST_STEP, Labelled
from search_spaces.stability_classifier.kernel import Kernel

Floats = NDArray[np.float64]

JITTER = 1e-4
"""Of the prior variance, added to each inducing setting's own; bounds what rounding does."""

_NEWTON_STEPS = 30


def root_of(kernel: Kernel, points: Floats) -> Floats:
    """Returns L, the Cholesky factor of the inducing settings' covariance [M, M]."""
    covariance = kernel(points, points)
    covariance[np.diag_indices_from(covariance)] += JITTER * kernel.variance
    root: Floats = cholesky(covariance, lower=True)
    return root


def features_of(kernel: Kernel, points: Floats, root: Floats, columns_NxD: Floats) -> Floats:
    """Returns phi of settings [N, M]."""
    features: Floats = solve_triangular(
        root, kernel(columns_NxD, points).T, lower=True, check_finite=False
    ).T
    return features


def mode_of(
    features: Floats, labelled: Labelled, weights: Floats, scale: float
) -> tuple[Floats, Floats]:
    """Returns the likeliest weights, and the Cholesky factor of H there."""
    for _ in range(_NEWTON_STEPS):
        factor, step = newton_step([(features, labelled)], weights, scale)
        largest = float(np.max(np.abs(features @ step), initial=0.0))
        weights = weights + step * min(1.0, LONGEST_STEP / max(largest, 1e-9))
        if largest < 1e-3:
            break
    return weights, factor


def newton_step(
    parts: Iterable[tuple[Floats, Labelled]],
    weights: Floats,
    scale: float,
) -> tuple[Floats, Floats]:
    """Returns the Cholesky factor of H and the Newton step; each setting counts `scale` times."""
    precision, slope = np.eye(len(weights)), -weights
    for features, labelled in parts:
        p = expit(features @ weights)
        root = np.sqrt(scale * labelled.weight * p * (1.0 - p))
        weighted = features * root[:, None]
        precision += weighted.T @ weighted
        slope = slope + scale * (features.T @ (labelled.weight * (labelled.share - p)))
    factor = cholesky(precision, lower=True, check_finite=False)
    return factor, cho_solve((factor, True), slope)
