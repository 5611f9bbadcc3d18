"""What the map still gets wrong, and how much a trial would mend.

M candidates, F features of the kernel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from search_spaces.samplers.boundary.kernel import Posterior

Floats = NDArray[np.float64]

_LEAST_INFORMATION = 0.02
"""Of a trial whose verdict seems certain: the map may be wrong about it."""

_EVERYWHERE = 0.02
"""Weight of uncertainty far from any boundary that is known."""

_SMALLEST_SIDE = 0.02
"""Share of the space; a side that seems smaller counts no more than that."""


class Target:
    """The boundary of one verdict with all others, as the candidates see it.

    Args:
        features_MxF: Of the candidates.
        posterior: Of the logit of the verdict.
        attention_M: How much a trial at each candidate counts; None for all alike.
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

    def expect(self, features_F: Floats) -> None:
        """Takes a trial as known whose outcome is not: what it comes to does not matter.

        Args:
            features_F: Of the trial.
        """
        along_F = self._covariance @ features_F
        noise = 1.0 / float(information(np.array(features_F @ self._weights)))
        spread = noise + float(features_F @ along_F)
        along_M = self._features @ along_F
        self._covariance -= np.outer(along_F, along_F) / spread
        self._joint_MxM -= np.outer(along_M, along_M) / spread

    def gain(self) -> Floats:
        """How much a trial at each candidate would mend of the map of all candidates [M].

        The chance to be on the wrong side is Phi(-z), z = |logit| / deviation; the rate at which
        it falls with the variance weighs the variance that a trial takes away.

        References:
            Picheny et al., Adaptive designs of experiments for accurate approximation of a
            target region, J. Mechanical Design 2010 (targeted mean square error); Bect et al.,
            Sequential design of computer experiments for the estimation of a probability of
            failure, Statistics and Computing 2012 (stepwise uncertainty reduction).
        """
        variance = np.maximum(np.diagonal(self._joint_MxM), 1e-9)
        z = np.abs(self._logit_M) / np.sqrt(variance)
        urgency = self._balance_M * (np.exp(-0.5 * z * z) * z / variance + _EVERYWHERE)
        reduced: Floats = self._joint_MxM**2 @ urgency / (variance + self._noise_M)
        return self._attention_M * reduced / len(reduced)


def _balance(logit_M: Floats, variance_M: Floats) -> Floats:
    """Weights under which both sides of the boundary count alike, however small one is."""
    # The mean of a logistic function of a normal variable: MacKay's approximation.
    likely = expit(logit_M / np.sqrt(1.0 + np.pi / 8.0 * variance_M))
    share = min(max(float(likely.mean()), _SMALLEST_SIDE), 1.0 - _SMALLEST_SIDE)
    weights: Floats = likely / share + (1.0 - likely) / (1.0 - share)
    return weights


def information(logit: Floats) -> Floats:
    """What a trial tells of its logit: the variance of its outcome."""
    p = expit(logit)
    return np.maximum(p * (1.0 - p), _LEAST_INFORMATION)
