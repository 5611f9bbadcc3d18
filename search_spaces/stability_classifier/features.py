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

_FEW = 2048


def root_of(kernel: Kernel, points: Floats) -> Floats:
    """Returns L, the Cholesky factor of the inducing settings' covariance [M, M]."""
    covariance = kernel(points, points)
    covariance[np.diag_indices_from(covariance)] += JITTER * kernel.variance
    root: Floats = cholesky(covariance, lower=True)
    return root


def features_of(kernel: Kernel, points: Floats, root: Floats, columns_NxD: Floats) -> Floats:
    """Returns phi of settings [N, M], in the precision of their columns."""
    similar = kernel(columns_NxD, points)
    features: Floats = solve_triangular(
        root.astype(similar.dtype), similar.T, lower=True, check_finite=False, overwrite_b=True
    ).T
    return features


def precision_for(count: int, columns: Floats) -> Floats:
    """Returns columns as they are where settings are few, else in single precision.

    It halves time and memory, and moves logits by a thousandth at most.
    """
    return columns if count <= _FEW else columns.astype(np.float32)


def mode_of(features: Floats, labelled: Labelled, weights: Floats) -> tuple[Floats, Floats]:
    """Returns the likeliest weights, and the Cholesky factor of H there."""
    for _ in range(_NEWTON_STEPS):
        factor, step = newton_step([(features, labelled)], weights)
        step, largest = damped(step, features)
        weights = weights + step
        if largest < 1e-3:
            break
    return weights, factor


def newton_step(
    parts: Iterable[tuple[Floats, Labelled]], weights: Floats
) -> tuple[Floats, Floats]:
    """Returns the Cholesky factor of H and the Newton step, from settings part by part."""
    precision, slope = np.eye(len(weights)), -weights
    for features, labelled in parts:
        kind = features.dtype
        p = expit((features @ weights.astype(kind)).astype(np.float64))
        root = np.sqrt(labelled.weight * p * (1.0 - p))
        weighted = features * root.astype(kind)[:, None]
        precision += weighted.T @ weighted
        residual = labelled.weight * (labelled.share - p)
        slope = slope + features.T @ residual.astype(kind)
    factor = cholesky(precision, lower=True, check_finite=False)
    return factor, cho_solve((factor, True), slope)


def damped(step: Floats, features: Floats) -> tuple[Floats, float]:
    """Shortens a step that moves a logit too far; returns it, and how far the whole one goes."""
    largest = float(np.max(np.abs(features @ step.astype(features.dtype)), initial=0.0))
    return step * min(1.0, LONGEST_STEP / max(largest, 1e-9)), largest
