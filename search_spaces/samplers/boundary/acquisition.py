"""How much of the map's error a trial would take away.

The map gives each candidate i a logit f_i, normal with mean m_i and covariance K, and says

    probability of the verdict                  p_i = expit(k_i m_i),  k_i = (1 + pi K_ii / 8)^-1/2
    how it moves with the logit                 p'_i = k_i p_i (1 - p_i)
    variance that a trial at j takes away       K_ij^2 / (K_jj + tau_j)
    noise of one outcome, in logits             tau_j = 1 / (p_j (1 - p_j))

A trial at j gains the sum over i of p'_i^2 times the variance that it takes away there: the mean
squared error of the map, which is what a Brier score sees of it.
M candidates, R trials whose outcome is not known, D columns, F features of the posterior.

References:
    MacKay, The evidence framework applied to classification networks, Neural Computation 1992
    (the mean of a logistic function); Picheny et al., Adaptive designs of experiments for accurate
    approximation of a target region, J. Mechanical Design 2010 (targeted mean square error).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import expit

from search_spaces.stability_classifier import Latent

Floats = NDArray[np.float64]

_LEAST_INFORMATION = 0.02
"""Information of a trial whose verdict seems certain: the map may be wrong about it."""

_SMALLEST_SIDE = 0.02
"""Share of the space; a side that seems smaller counts no more than that."""


class Acquisition:
    """What trials at the candidates would teach of the boundary of one verdict with all others.

    Args:
        latent: Posterior of the verdict's logit.
        at_MxD: Columns of the candidates.
    """

    def __init__(self, latent: Latent, at_MxD: Floats) -> None:
        self._latent = latent
        self._at_MxD = at_MxD
        identity = np.eye(len(latent.weights))
        self._known_FxF = identity - cho_solve((latent.precision_factor, True), identity)
        self._features_MxF = latent.features(at_MxD)
        self._logit_M = latent.stretch * (self._features_MxF @ latent.weights)
        self._joint_MxM = self._covariance(at_MxD, self._features_MxF, at_MxD, self._features_MxF)
        likely_M, _ = self._likely_M()
        self._noise_M = 1.0 / _information(likely_M)
        self._balance_M = _balance(likely_M)
        # Of trials whose outcome is not known: columns, features, the Cholesky factor of their
        # covariance with its noise, and that factor's continuation at the candidates.
        self._pending_RxD, self._pending_RxF = at_MxD[:0], self._features_MxF[:0]
        self._root_RxR, self._taken_MxR = np.zeros((0, 0)), np.zeros((len(at_MxD), 0))

    def condition_on(self, at_D: Floats) -> None:
        """Counts a trial as known whose outcome is not.

        Under the Laplace approximation the variance that a trial takes away does not depend on
        how it comes out, so that it is taken away before: trials that are asked together do not
        clump.

        Args:
            at_D: Columns of the trial.
        """
        at, features = at_D[None], self._latent.features(at_D[None])
        before = self._covariance(self._pending_RxD, self._pending_RxF, at, features)[:, 0]
        along_R = solve_triangular(self._root_RxR, before, lower=True) if len(before) else before
        own = self._covariance(at, features, at, features)[0, 0] - along_R @ along_R
        logit = self._latent.stretch * (features[0] @ self._latent.weights)
        likely = expit(_shrunk(own) * logit)
        noise = 1.0 / float(_information(likely))
        root = np.sqrt(noise + max(float(own), 0.0))
        along_M = self._covariance(self._at_MxD, self._features_MxF, at, features)[:, 0]
        taken_M = (along_M - self._taken_MxR @ along_R) / root
        self._joint_MxM -= np.outer(taken_M, taken_M)
        self._pending_RxD = np.vstack([self._pending_RxD, at])
        self._pending_RxF = np.vstack([self._pending_RxF, features])
        self._root_RxR = np.block(
            [[self._root_RxR, np.zeros((len(along_R), 1))], [along_R[None], np.array([[root]])]]
        )
        self._taken_MxR = np.column_stack([self._taken_MxR, taken_M])

    def gain(self) -> Floats:
        """Returns what a trial at each candidate would gain [M], up to a constant factor.

        It is a mean over all candidates, so that gains of several verdicts can be added.
        """
        likely, shrunk = self._likely_M()
        moves = shrunk * likely * (1.0 - likely)
        spread = np.maximum(np.diagonal(self._joint_MxM), 1e-9) + self._noise_M
        reduced: Floats = self._joint_MxM**2 @ (self._balance_M * moves**2) / spread
        return reduced / len(reduced)

    def _likely_M(self) -> tuple[Floats, Floats]:
        """Returns the probability of the verdict at each candidate, and k."""
        shrunk = _shrunk(np.diagonal(self._joint_MxM))
        return expit(shrunk * self._logit_M), shrunk

    def _covariance(self, a_NxD: Floats, a_NxF: Floats, b_MxD: Floats, b_MxF: Floats) -> Floats:
        """Returns the posterior covariance [N, M] of the logits of two sets, with their features.

        What the features cannot express keeps its prior covariance.
        """
        covariance = self._latent.kernel(a_NxD, b_MxD) - a_NxF @ (self._known_FxF @ b_MxF.T)
        return self._latent.stretch * covariance


def _shrunk(variance: Floats) -> Floats:
    return np.asarray(1.0 / np.sqrt(1.0 + np.pi / 8.0 * np.maximum(variance, 0.0)))


def _balance(likely_M: Floats) -> Floats:
    """Returns weights under which both sides of the boundary count alike, however small one is."""
    share = min(max(float(likely_M.mean()), _SMALLEST_SIDE), 1.0 - _SMALLEST_SIDE)
    weights: Floats = likely_M / share + (1.0 - likely_M) / (1.0 - share)
    return weights


def _information(likely: Floats) -> Floats:
    """Returns p (1 - p), what one outcome says of its logit: the Fisher information."""
    return np.maximum(likely * (1.0 - likely), _LEAST_INFORMATION)
