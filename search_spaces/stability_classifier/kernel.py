"""How alike two settings are: a constant, one term a hyperparameter, and one of all together.

With q_g the squared distance in the columns of hyperparameter g, each column over its length,
Q the sum of the q_g over all J hyperparameters, and r = sqrt(5 Q):

    k = constant + additive / J * sum of exp(-q_g / 8) + joint * (1 + r + r^2 / 3) exp(-r)

The additive term learns what each hyperparameter does whatever the others are, the joint one
(Matern 5/2, one length a column) what they do together. Columns of names have a length each, so
that relu and gelu may be alike and sigmoid apart: of two names a, b the squared distance is
1 / length_a^2 + 1 / length_b^2. N and M settings, D columns, J hyperparameters.

References:
    Duvenaud, Nickisch and Rasmussen, Additive Gaussian processes, NIPS 2011; Rasmussen and
    Williams, Gaussian Processes for Machine Learning, 2006, sections 4.2 and 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FLATTER = 1 / 8
"""The additive terms change over twice the lengths of the joint one."""

_WORTH_A_TABLE, _SAMPLE, _FEW = 256, 64, 24
"""Rows from which on a table of values is faster; rows that tell whether they may be few."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Similarity of settings, as the prior covariance of their logits.

    Attributes:
        lengths: Over which the logit changes, by column [D], > 0.
        additive: Prior variance of the sum of terms of one hyperparameter each.
        joint: Prior variance of the term of all hyperparameters together.
        constant: Prior variance of the offset.
        groups: The columns of each hyperparameter [J].
    """

    lengths: Floats
    additive: float
    joint: float
    constant: float
    groups: tuple[slice, ...]

    @property
    def variance(self) -> float:
        """Prior variance of any setting's logit."""
        return self.additive + self.joint + self.constant

    def __call__(self, a_NxD: Floats, b_MxD: Floats) -> Floats:
        """Returns the covariance [N, M] of two sets of settings, in the precision of the first."""
        lengths = self.lengths.astype(a_NxD.dtype)
        a_NxD, b_MxD = a_NxD / lengths, b_MxD.astype(a_NxD.dtype) / lengths
        single = _sum_of_single(a_NxD, b_MxD, self.groups)
        single *= self.additive / max(len(self.groups), 1)
        r = np.sqrt(5.0 * squared_distances(a_NxD, b_MxD))
        joint = r * (1.0 / 3.0)
        joint += 1.0
        joint *= r
        joint += 1.0
        joint *= self.joint
        joint *= np.exp(np.negative(r, out=r), out=r)
        joint += single
        joint += self.constant
        return joint

    def paired(self, a_NxD: Floats, b_NxD: Floats) -> Floats:
        """Returns the covariance [N] of each setting with the one of its row."""
        squares = ((a_NxD - b_NxD) / self.lengths) ** 2
        by_group = [np.sum(squares[:, columns], axis=1) for columns in self.groups]
        single = np.mean([np.exp(-_FLATTER * each) for each in by_group], axis=0)
        r = np.sqrt(5.0 * np.sum(by_group, axis=0))
        joint = (1.0 + r + r**2 / 3.0) * np.exp(-r)
        return np.asarray(self.constant + self.additive * single + self.joint * joint)


def kernel_of(logs: Floats, groups: tuple[slice, ...]) -> Kernel:
    """Returns the kernel whose lengths and variances have these logarithms [D + 3]."""
    additive, joint, constant = np.exp(logs[-3:])
    return Kernel(
        lengths=np.exp(logs[:-3]),
        additive=float(additive),
        joint=float(joint),
        constant=float(constant),
        groups=groups,
    )


def _sum_of_single(a_NxD: Floats, b_MxD: Floats, groups: tuple[slice, ...]) -> Floats:
    """Returns the sum over hyperparameters of exp(-q / 8) [N, M].

    Most hyperparameters are choices: the few values of them that occur have a row each of a
    table, and one product of matrices picks and adds what would else be an exponential each.
    """
    total = np.zeros((len(a_NxD), len(b_MxD)), dtype=a_NxD.dtype)
    picks, tables = [], []
    for columns in groups:
        a_NxC, b_MxC = a_NxD[:, columns], b_MxD[:, columns]
        found = _few_values(a_NxC)
        if found is None:
            squared = squared_distances(a_NxC, b_MxC)
            squared *= -_FLATTER
            total += np.exp(squared, out=squared)
            continue
        first, index = found
        tables.append(np.exp(-_FLATTER * squared_distances(a_NxC[first], b_MxC)))
        picks.append(np.equal.outer(index, np.arange(len(first))).astype(a_NxD.dtype))
    if tables:
        total += np.hstack(picks) @ np.vstack(tables)
    return total


def _few_values(a_NxC: Floats) -> tuple[Integers, Integers] | None:
    """Returns a row of each distinct value, and which of them each row [N] has; None of many."""
    if len(a_NxC) < _WORTH_A_TABLE or len(_keys(a_NxC[:_SAMPLE])[0]) > _FEW:
        return None
    first, index = _keys(a_NxC)
    return (first, index) if len(first) <= _FEW else None


def _keys(a_NxC: Floats) -> tuple[Integers, Integers]:
    # Different rows have different keys but for an accident of rounding; C is small.
    mixed = a_NxC.astype(np.float64) @ np.sqrt(np.arange(2.0, 2.0 + a_NxC.shape[1]))
    _, first, index = np.unique(mixed, return_index=True, return_inverse=True)
    return first, index


class Similarities:
    """A kernel's covariance of two sets of settings, with what its derivatives need."""

    def __init__(self, kernel: Kernel, a_NxD: Floats, b_MxD: Floats) -> None:
        self._kernel = kernel
        self._scaled_NxD = a_NxD / kernel.lengths
        scaled_MxD = b_MxD / kernel.lengths
        total = np.zeros((len(a_NxD), len(b_MxD)))
        self._single = []
        for columns in kernel.groups:
            squared = squared_distances(self._scaled_NxD[:, columns], scaled_MxD[:, columns])
            total += squared
            self._single.append(np.exp(-_FLATTER * squared))
        self._r = np.sqrt(5.0 * total)
        self._decay = np.exp(-self._r)
        self._joint = (1.0 + self._r + self._r**2 / 3.0) * self._decay
        self._sum = sum(self._single, np.zeros_like(total)) / max(len(self._single), 1)

    @property
    def covariance(self) -> Floats:
        """The covariance [N, M]."""
        kernel = self._kernel
        covariance: Floats = (
            kernel.constant + kernel.additive * self._sum + kernel.joint * self._joint
        )
        return covariance

    def derivative(self, weight_NxN: Floats) -> Floats:
        """Returns the derivative of the sum of weight * covariance by the logarithms [D + 3].

        Args:
            weight_NxN: Symmetric, for the covariance of a set with itself.
        """
        kernel = self._kernel
        # d joint / d Q, from d/dr of (1 + r + r^2 / 3) exp(-r) = -r (1 + r) / 3 exp(-r).
        slope = -(5.0 / 6.0) * kernel.joint * (1.0 + self._r) * self._decay
        by_length = []
        for columns, single in zip(kernel.groups, self._single, strict=True):
            factor = kernel.additive / len(self._single) * _FLATTER
            inner = weight_NxN * (slope - factor * single)
            x = self._scaled_NxD[:, columns]
            # The sum over i, k of inner_ik (x_i - x_k)^2 without an array for each column.
            squared = 2.0 * (inner.sum(axis=1) @ (x * x) - np.sum(x * (inner @ x), axis=0))
            by_length.append(-2.0 * squared)
        variances = [
            kernel.additive * float(np.sum(weight_NxN * self._sum)),
            kernel.joint * float(np.sum(weight_NxN * self._joint)),
            kernel.constant * float(np.sum(weight_NxN)),
        ]
        return np.concatenate([*by_length, variances])


def squared_distances(a_NxC: Floats, b_MxC: Floats) -> Floats:
    """Returns the squared distances [N, M] of points."""
    if a_NxC.shape[1] == 1:
        return np.asarray(np.subtract.outer(a_NxC[:, 0], b_MxC[:, 0]) ** 2)
    squares = np.sum(a_NxC**2, axis=1)[:, None] + np.sum(b_MxC**2, axis=1)
    return np.maximum(squares - 2.0 * a_NxC @ b_MxC.T, 0.0)
