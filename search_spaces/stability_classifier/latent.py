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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from search_spaces.stability_classifier.evidence import Labelled
from search_spaces.stability_classifier.features import (
    damped,
    features_of,
    mode_of,
    newton_step,
    precision_for,
    root_of,
)
from search_spaces.stability_classifier.inducing import inducing_points, some_of
from search_spaces.stability_classifier.kernel import Kernel

Floats = NDArray[np.float64]

_CHUNK = 4096
_NEGLIGIBLE = 0.08
"""Share of a direction's prior variance that trials took away, below which it is left out."""

_CONVERGED_ON, _BEGUN_ON = 16384, 2048
_GROWTH, _PASSES, _STILL = 8, 4, 1.0
"""How many more settings the next passes look at; of these how many at most; a move, in logits,
after which there is no other."""

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


def fit_latent(labelled: Labelled, kernel: Kernel, *, seed: int, inducing: int) -> Latent:
    """Computes the posterior under a kernel.

    Newton's method converges on 2,048 settings, from there on 16,384, and where there are more it
    goes on with eight times as many at a time, until all are looked at and no logit moves by
    more than one; from so near one more step would hardly change it.

    Args:
        labelled: All settings.
        kernel: Prior covariance.
        inducing: Inducing settings, at most.
        seed: Seeds which settings are looked at where there are many, >= 0.
    """
    rng = np.random.default_rng(seed)
    points = np.round(inducing_points(labelled, kernel, inducing, rng), _PLACES)
    root, weights = root_of(kernel, points), np.zeros(len(points))
    part = labelled.of(some_of(len(labelled.share), _CONVERGED_ON, rng))
    columns = precision_for(len(part.share), part.columns)
    features = features_of(kernel, points, root, columns)
    first = some_of(len(part.share), _BEGUN_ON, rng)
    if len(first) < len(part.share):
        weights, _ = mode_of(features[first], part.of(first), weights)
    weights, factor = mode_of(features, part, weights)
    size = len(part.share)
    while size < len(labelled.share):
        size *= _GROWTH
        more = labelled.of(some_of(len(labelled.share), size, rng))
        for _ in range(_PASSES):
            parts = _all_features(more, kernel, points, root)
            factor, step = newton_step(parts, weights)
            # What moves on a part of the settings stands for what moves on all.
            step, largest = damped(step, features)
            weights = weights + step
            if largest < _STILL:
                break
    return _latent(kernel, points, root, weights, factor)


def left_out(
    latent: Latent,
    labelled: Labelled,
    known: NDArray[np.int64],
    folds: Sequence[NDArray[np.int64]],
) -> tuple[Floats, Floats]:
    """Says of the settings of each fold what the others that are known make of them.

    Kernel and inducing settings are kept; so features are computed once for all folds.

    Returns:
        Mean and deviation of the logit, fold after fold, as if unstretched.
    """
    columns = precision_for(len(known), labelled.columns[known])
    features = features_of(latent.kernel, latent.inducing, latent.root, columns)
    outcomes = labelled.of(known)
    order = np.argsort(known)
    means, variances = [], []
    for fold in folds:
        place = order[np.searchsorted(known, fold, sorter=order)]
        others = np.ones(len(known), dtype=bool)
        others[place] = False
        weights, factor = mode_of(features[others], outcomes.of(others), latent.weights)
        asked = features[place]
        means.append(asked @ weights.astype(asked.dtype))
        taken = asked @ _learnt(factor).astype(asked.dtype)
        variances.append(latent.kernel.variance - np.sum(taken**2, axis=1))
    mean, variance = (np.concatenate(each).astype(np.float64) for each in (means, variances))
    return mean, np.sqrt(np.maximum(variance, 1e-6))


def _learnt(factor: Floats) -> Floats:
    """Returns the directions of which trials said something [M, R], over what they took away."""
    known = np.eye(len(factor)) - cho_solve((factor, True), np.eye(len(factor)))
    values, vectors = np.linalg.eigh(known)
    kept = values > _NEGLIGIBLE
    return np.asarray(np.sqrt(values[kept]) * vectors[:, kept])


def _latent(
    kernel: Kernel, points: Floats, root: Floats, weights: Floats, factor: Floats
) -> Latent:
    reduction = solve_triangular(root, _learnt(factor), lower=True, trans="T").T[::-1]
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
        columns = precision_for(len(labelled.share), some.columns)
        yield features_of(kernel, points, root, columns), some
