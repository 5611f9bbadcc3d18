"""How much of the map's error a trial would take away.

The map gives each candidate i a logit f_i, normal with mean m_i and covariance K:

    chance that the map shows the wrong side    P_i = Phi(-z_i),  z_i = |m_i| / sqrt(K_ii)
    its rate with the variance                  dP_i / dK_ii = phi(z_i) z_i / (2 K_ii)
    variance that a trial at j takes away       K_ij^2 / (K_jj + tau_j)
    noise of one outcome, in logits             tau_j = 1 / (p_j (1 - p_j))

A trial at j gains the sum over i of dP_i / dK_ii times the variance that it takes away there.
M candidates, F features of the kernel.

References:
    Picheny et al., Adaptive designs of experiments for accurate approximation of a target
    region, J. Mechanical Design 2010 (targeted mean square error); Bect et al., Sequential design
    of computer experiments for the estimation of a probability of failure, Statistics and
    Computing 2012 (stepwise uncertainty reduction).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from search_spaces.samplers.boundary.kernel import Posterior

Floats = NDArray[np.float64]

_LEAST_INFORMATION = 0.02
"""Information of a trial whose verdict seems certain: the map may be wrong about it."""

_EVERYWHERE = 0.02
"""Weight of uncertainty far from any boundary that is known."""

_SMALLEST_SIDE = 0.02
"""Share of the space; a side that seems smaller counts no more than that."""


class Acquisition:
    """What trials at the candidates would teach of the boundary of one verdict with all others.

    Args:
        features_MxF: Kernel features of the candidates.
        posterior: Posterior of the weights whose products with the features are logits.
        attention_M: Factor on what a trial at each candidate gains, > 0; None for all alike.
    """

    def __init__(
        self, features_MxF: Floats, posterior: Posterior, attention_M: Floats | None = None
    ) -> None:
        self._attention_M = np.ones(len(features_MxF)) if attention_M is None else attention_M
        self._features = features_MxF
        self._weights = posterior.mean
        self._covariance = posterior.covariance.copy()
        self._logit_M = features_MxF @ posterior.mean
        self._joint_MxM = features_MxF @ posterior.covariance @ features_MxF.T
        self._noise_M = 1.0 / information(self._logit_M)
        self._balance_M = _balance(self._logit_M, np.diagonal(self._joint_MxM))

    def condition_on(self, features_F: Floats) -> None:
        """Counts a trial as known whose outcome is not.

        Under the Laplace approximation the variance that a trial takes away does not depend on
        how it comes out, so that it is taken away before: trials that are asked together do not
        clump.

        Args:
            features_F: Kernel features of the trial.
        """
        # One observation of noise tau along phi: S <- S - (S phi)(S phi)' / (tau + phi' S phi),
        # and the same step for K = Phi S Phi', which would cost M^2 F to compute again.
        along_F = self._covariance @ features_F
        noise = 1.0 / float(information(np.array(features_F @ self._weights)))
        spread = noise + float(features_F @ along_F)
        along_M = self._features @ along_F
        self._covariance -= np.outer(along_F, along_F) / spread
        self._joint_MxM -= np.outer(along_M, along_M) / spread

    def gain(self) -> Floats:
        """Returns what a trial at each candidate would gain [M], up to a constant factor.

        It is a mean over all candidates, so that gains of several verdicts can be added.
        """
        variance = np.maximum(np.diagonal(self._joint_MxM), 1e-9)
        z = np.abs(self._logit_M) / np.sqrt(variance)
        # phi(z) z / K is 0 on the boundary, where either side stays as likely however small the
        # variance, and far from it, where the side is known. `_EVERYWHERE` keeps it above 0 there,
        # so that an island that no trial has met can still be found.
        urgency = self._balance_M * (np.exp(-0.5 * z * z) * z / variance + _EVERYWHERE)
        reduced: Floats = self._joint_MxM**2 @ urgency / (variance + self._noise_M)
        return self._attention_M * reduced / len(reduced)


def _balance(logit_M: Floats, variance_M: Floats) -> Floats:
    """Returns weights under which both sides of the boundary count alike, however small one is."""
    # The mean of a logistic function of a normal variable: MacKay's approximation.
    likely = expit(logit_M / np.sqrt(1.0 + np.pi / 8.0 * variance_M))
    share = min(max(float(likely.mean()), _SMALLEST_SIDE), 1.0 - _SMALLEST_SIDE)
    weights: Floats = likely / share + (1.0 - likely) / (1.0 - share)
    return weights


def information(logit: Floats) -> Floats:
    """Returns p (1 - p), what one outcome says of its logit: the Fisher information."""
    p = expit(logit)
    return np.maximum(p * (1.0 - p), _LEAST_INFORMATION)
