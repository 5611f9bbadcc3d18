"""The logit of one verdict over the whole space, from any number of trials.

The logit is a weighted sum of features, f(x) = w . phi(x) with w ~ N(0, I): phi(x) = L^-1 k(x),
k(x) the similarities of x to M inducing settings, L L' their own (Nystroem's method; with all
settings inducing it is the whole Gaussian process). Laplace's approximation of the posterior of w
is N(u, H^-1), H = Phi' W Phi + I, and

    mean(x)     = s a . k(x),                            a = L'^-1 u
    variance(x) = s (k(x, x) - |T k(x)|^2),              T' T = L'^-1 (I - H^-1) L^-1

so that far from all inducing settings, where k(x) is 0, the variance is the prior's. Directions of
which the trials say next to nothing are left out of T: that makes the variance larger, never
smaller. T is kept in four digits, as whole numbers times a scale for each row.

s is the stretch. The mode that Laplace's approximation takes for the mean lies nearer to 0 than
the mean where logits are large, so that probabilities come out too near to one half; how much is
seen in cross-validation (`classifier`). N settings, M inducing ones, D columns, R rows of T.

References:
    Quinonero-Candela and Rasmussen, A unifying view of sparse approximate Gaussian process
    regression, JMLR 2005 (section 5: its variance is that of the deterministic training
    conditional); Kuss and Rasmussen, Assessing approximate inference for binary Gaussian process
    classification, JMLR 2005 (Laplace's mode); Fine and Scheinberg, Efficient SVM training using
    low-rank kernel representations, JMLR 2001 (inducing settings by greedy Cholesky).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from search_spaces.stability_classifier.evidence import Labelled
from search_spaces.stability_classifier.features import features_of, mode_of, newton_step, root_of
from search_spaces.stability_classifier.inducing import inducing_points, some_of
from search_spaces.stability_classifier.kernel import Kernel

Floats = NDArray[np.float64]

_CHUNK = 4096
_NEGLIGIBLE = 0.08
"""Share of a direction's prior variance that trials took away, below which it is left out."""

_CONVERGED_ON = 16384

_LARGEST_ENTRY = 9999
_PLACES = 6
"""Decimal places of the inducing settings' positions."""


@dataclass(frozen=True, kw_only=True)
class Latent:
    """The posterior of a verdict's logit.

    Attributes:
        kernel: Prior covariance.
        inducing: Columns of the inducing settings [M, D].
        dual: a, weights of the similarities in the mean [M].
        reduction: T over its scales, whole numbers [R, M].
        scales: Of the rows of T [R].
        root: L, Cholesky factor of the inducing settings' covariance [M, M].
        weights: u, mean of the weights of the features [M].
        precision_factor: Lower Cholesky factor of H [M, M].
        stretch: s, > 0.
    """

    kernel: Kernel
    inducing: Floats
    dual: Floats
    reduction: Floats
    scales: Floats
    root: Floats
    weights: Floats
    precision_factor: Floats
    stretch: float = 1.0

    def features(self, columns_NxD: Floats) -> Floats:
        """Returns phi of settings [N, M]."""
        return features_of(self.kernel, self.inducing, self.root, columns_NxD)

    def __call__(self, columns_NxD: Floats) -> tuple[Floats, Floats]:
        """Returns mean and standard deviation of the logit of settings [N], [N]."""
        means, variances = [np.zeros(0)], [np.zeros(0)]
        for similar in self._similar(columns_NxD):
            means.append(similar @ self.dual)
            variances.append(self.kernel.variance - self._taken(similar))
        variance = np.maximum(np.concatenate(variances), 1e-6)
        return self.stretch * np.concatenate(means), np.sqrt(self.stretch * variance)

    def reduced(self, columns_NxD: Floats) -> tuple[Floats, Floats]:
        """Returns the mean of the logit [N], and rows [N, R] for covariances of settings.

        The covariance of two settings a and b is s (k(a, b) - the product of their rows).
        """
        similar = self.kernel(columns_NxD, self.inducing)
        rows = similar @ self.reduction.T * self.scales
        return self.stretch * (similar @ self.dual), rows

    def known(self, columns_NxD: Floats) -> Floats:
        """Returns what share of the logit's prior variance the trials took away [N], 0 to 1."""
        taken = [self._taken(similar) for similar in self._similar(columns_NxD)]
        return np.concatenate([np.zeros(0), *taken]) / self.kernel.variance

    def draws(
        self, columns_NxD: Floats, count: int, rng: np.random.Generator
    ) -> Iterator[tuple[Floats, Floats]]:
        """Draws logits from the posterior of the weights, jointly.

        Yields:
            For one part of the settings after the other the logits [count, n], and the variance
            of them that the features cannot express [n], which is not in the draws: averages
            over many settings hardly depend on it.
        """
        normal = rng.standard_normal((len(self.weights), count))
        spread = solve_triangular(self.precision_factor, normal, lower=True, trans="T")
        weights = self.stretch * self.weights[:, None] + np.sqrt(self.stretch) * spread
        for some in _chunks(columns_NxD):
            features = self.features(some)
            open_n = self.kernel.variance - np.sum(features**2, axis=1)
            yield (features @ weights).T, self.stretch * np.maximum(open_n, 0.0)

    def _similar(self, columns_NxD: Floats) -> Iterator[Floats]:
        for some in _chunks(columns_NxD):
            yield self.kernel(some, self.inducing)

    def _taken(self, similar_NxM: Floats) -> Floats:
        taken: Floats = np.sum((similar_NxM @ self.reduction.T * self.scales) ** 2, axis=1)
        return taken


def fit_latent(
    labelled: Labelled,
    kernel: Kernel,
    *,
    seed: int,
    inducing: int = 0,
    start: Latent | None = None,
) -> Latent:
    """Computes the posterior under a kernel.

    Newton's method converges on at most 16,384 settings; where there are more it takes one further
    step on all of them, which from so near is as good as convergence.

    Args:
        labelled: All settings.
        kernel: Prior covariance.
        inducing: Inducing settings, at most; those of `start` where that is given.
        seed: Seeds which settings are looked at where there are many, >= 0.
        start: A posterior of other settings under the same kernel, whose inducing settings are
            taken and whose weights Newton's method begins from.
    """
    rng = np.random.default_rng(seed)
    if start is None:
        points = np.round(inducing_points(labelled, kernel, inducing, rng), _PLACES)
        root, weights = root_of(kernel, points), np.zeros(len(points))
    else:
        points, root, weights = start.inducing, start.root, start.weights
    part = labelled.of(some_of(len(labelled.share), _CONVERGED_ON, rng))
    scale = len(labelled.share) / len(part.share)
    weights, factor = mode_of(
        features_of(kernel, points, root, part.columns), part, weights, scale
    )
    if scale > 1.0:
        factor, step = newton_step(_all_features(labelled, kernel, points, root), weights, 1.0)
        weights = weights + step
    return _latent(kernel, points, root, weights, factor)


def _latent(
    kernel: Kernel, points: Floats, root: Floats, weights: Floats, factor: Floats
) -> Latent:
    known = np.eye(len(weights)) - cho_solve((factor, True), np.eye(len(weights)))
    values, vectors = np.linalg.eigh(known)
    kept = values > _NEGLIGIBLE
    half = np.sqrt(values[kept]) * vectors[:, kept]
    reduction = solve_triangular(root, half, lower=True, trans="T").T[::-1]
    scales = np.max(np.abs(reduction), axis=1, initial=1e-300) / _LARGEST_ENTRY
    return Latent(
        kernel=kernel,
        inducing=points,
        dual=solve_triangular(root, weights, lower=True, trans="T"),
        reduction=np.round(reduction / scales[:, None]),
        scales=scales,
        root=root,
        weights=weights,
        precision_factor=factor,
    )


def _chunks(columns_NxD: Floats) -> Iterator[Floats]:
    for start in range(0, len(columns_NxD), _CHUNK):
        yield columns_NxD[start : start + _CHUNK]


def _all_features(
    labelled: Labelled, kernel: Kernel, points: Floats, root: Floats
) -> Iterator[tuple[Floats, Labelled]]:
    for start in range(0, len(labelled.share), _CHUNK):
        some = labelled.of(np.arange(start, min(start + _CHUNK, len(labelled.share))))
        yield features_of(kernel, points, root, some.columns), some
