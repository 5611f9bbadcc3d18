"""The kernel under which labels are likeliest: Laplace's evidence with its exact derivative.

With the logits f ~ N(0, K), y the share of a setting's trials that have the verdict and w their
number, the mode maximizes sum w (y f - ln(1 + exp f)) - f' K^-1 f / 2. With W = w p (1 - p) there
and B = I + W^1/2 K W^1/2,

    ln evidence = -a' f / 2 + ln p(y | f) - sum ln diag(chol B),     f = K a.

Its derivative counts that the mode moves with K; it is a matrix G whose product with dK, summed,
is the change. A normal prior of the logarithms of lengths and variances keeps few trials from
saying too much. N settings, D columns.

References:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, algorithms 3.1 and 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize
from scipy.special import expit

from search_spaces.stability_classifier.axes import Encoder
from search_spaces.stability_classifier.kernel import Kernel, Similarities, kernel_of

Floats = NDArray[np.float64]

_NEWTON_STEPS = 30
LONGEST_STEP = 8.0
"""In logits: a full Newton step overshoots where classes can be separated."""

_JITTER = 1e-6

_POSITION_LENGTH, _NAME_LENGTH, _LENGTH_SPREAD = 0.0, 0.65, 1.2
"""Prior means of the logarithms of lengths, and their deviation: about a whole range."""

_VARIANCES = (4.0, 9.0, 4.0)
"""Prior medians: of the additive term, the joint term, the constant."""

_VARIANCE_SPREADS = (1.2, 1.2, 0.8)
_FARTHEST = 4.0


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Settings with the outcomes of their trials.

    Attributes:
        columns: Of the settings [N, D].
        share: Share of a setting's trials that have the verdict [N].
        weight: How many independent trials these are worth [N], > 0.
    """

    columns: Floats
    share: Floats
    weight: Floats

    def of(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Labelled:
        """Returns some of the settings."""
        return Labelled(
            columns=self.columns[rows], share=self.share[rows], weight=self.weight[rows]
        )


def labelled_trials(columns_NxD: Floats, hits_N: NDArray[np.bool_]) -> Labelled:
    """Labels settings by single trials; those of one setting are its share.

    Args:
        columns_NxD: Of the trials.
        hits_N: Whether each has the verdict.
    """
    settings, index = np.unique(columns_NxD, axis=0, return_inverse=True)
    weight = np.bincount(index.ravel()).astype(np.float64)
    share = np.bincount(index.ravel(), hits_N) / weight
    return Labelled(columns=settings, share=share, weight=weight)


@dataclass(frozen=True, kw_only=True)
class _Mode:
    logits: Floats
    dual: Floats
    factor: Floats
    root: Floats


def likeliest_kernel(
    labelled: Labelled, encoder: Encoder, *, iterations: int, start: Kernel | None = None
) -> Kernel:
    """Returns the kernel with the most evidence and prior together (MAP).

    Args:
        labelled: A few hundred settings: the time grows with the cube of their number.
        encoder: Tells positions from names.
        iterations: Of L-BFGS, at most.
        start: Where it begins; by default at the prior's means.
    """
    groups = tuple(encoder.groups)
    mean = _prior_means(encoder)
    spread = np.concatenate([np.full(len(encoder.owner), _LENGTH_SPREAD), _VARIANCE_SPREADS])
    last: list[Floats | None] = [None]

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, slope, last[0] = _evidence(labelled, kernel_of(logs, groups), last[0])
        away = (logs - mean) / spread
        return -(value - 0.5 * float(away @ away)), -(slope - away / spread)

    found = minimize(
        loss,
        mean if start is None else _logs(start),
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack([mean - _FARTHEST * spread, mean + _FARTHEST * spread]),
        options={"maxiter": iterations, "maxfun": round(1.3 * iterations), "ftol": 1e-5},
    )
    return kernel_of(found.x, groups)


def short_kernel(encoder: Encoder) -> Kernel:
    """Returns a kernel under which few trials of a kind are a small region, and no accident.

    Its lengths are one deviation below those that are likeliest before any trial.
    """
    logs = _prior_means(encoder)
    logs[:-3] -= _LENGTH_SPREAD
    return kernel_of(logs, tuple(encoder.groups))


def _prior_means(encoder: Encoder) -> Floats:
    lengths = np.where(encoder.is_position, _POSITION_LENGTH, _NAME_LENGTH)
    return np.concatenate([lengths, np.log(_VARIANCES)])


def _logs(kernel: Kernel) -> Floats:
    return np.log([*kernel.lengths, kernel.additive, kernel.joint, kernel.constant])


def _evidence(
    labelled: Labelled, kernel: Kernel, start: Floats | None
) -> tuple[float, Floats, Floats]:
    """Returns ln of the evidence, its derivative by the kernel's logarithms, and the mode."""
    similarities = Similarities(kernel, labelled.columns, labelled.columns)
    covariance = similarities.covariance
    covariance[np.diag_indices_from(covariance)] += _JITTER
    mode = _mode(covariance, labelled, start)
    f, share, weight = mode.logits, labelled.share, labelled.weight
    value = -0.5 * mode.dual @ f + np.sum(weight * (share * f - np.logaddexp(0.0, f)))
    value -= np.sum(np.log(np.diag(mode.factor)))

    identity = np.eye(len(f))
    inverse = cho_solve((mode.factor, True), identity, check_finite=False)
    inverse *= mode.root[:, None] * mode.root
    product = covariance @ inverse
    variance = np.diag(covariance) - np.einsum("ij,ji->i", product, covariance)
    p = expit(f)
    by_mode = -0.5 * variance * weight * p * (1.0 - p) * (1.0 - 2.0 * p)
    moved = by_mode - product.T @ by_mode
    residual = weight * (share - p)
    outer = np.outer(moved, residual)
    change = 0.5 * (np.outer(mode.dual, mode.dual) - inverse + outer + outer.T)
    return float(value), similarities.derivative(change), f


def _mode(covariance: Floats, labelled: Labelled, start: Floats | None) -> _Mode:
    """Finds the likeliest logits by Newton's method (algorithm 3.1)."""
    share, weight = labelled.share, labelled.weight
    f = np.zeros(len(share)) if start is None else start
    for _ in range(_NEWTON_STEPS):
        p = expit(f)
        curvature = np.maximum(weight * p * (1.0 - p), 1e-10)
        root = np.sqrt(curvature)
        inner = root[:, None] * covariance * root
        inner[np.diag_indices_from(inner)] += 1.0
        factor = cholesky(inner, lower=True, check_finite=False, overwrite_a=True)
        target = curvature * f + weight * (share - p)
        solved = cho_solve((factor, True), root * (covariance @ target), check_finite=False)
        dual = target - root * solved
        new = covariance @ dual
        largest = float(np.max(np.abs(new - f), initial=0.0))
        f = f + (new - f) * min(1.0, LONGEST_STEP / max(largest, 1e-9))
        if largest < 1e-3:
            break
    return _Mode(logits=f, dual=dual, factor=factor, root=root)
