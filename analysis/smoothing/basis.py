"""A Gaussian process on a grid, as few independent basis functions.

A kernel over nodes is U diag(l) U'. At points with kernel C to the nodes, the functions C U
diag(l)^-1/2 have products that sum to the kernel (Nystroem), and the largest l carry nearly all of
it. The kernel of two axes is a product, so that its functions are products of one function of
each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LARGEST_RANK = 20
_LARGEST_PRODUCT = 140
_SMALLEST_SHARE = 1e-4
"""Basis functions with less of the largest one's variance are left out."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Products of functions of x and of y, standard normal coefficients before any trial.

    R products of I functions of x and J of y are kept. Sums over the grid are taken one axis
    after the other, so that a grid of 100,000 points costs little more than one of 1,000.

    Attributes:
        x: Functions of x at the grid's points [X, I]; their size carries the prior's.
        y: Functions of y [Y, J].
        pairs: Which products are kept, as indices of the flattened [I, J] table [R].
    """

    x: Floats
    y: Floats
    pairs: NDArray[np.int64]

    def at(self, x: Floats, y: Floats) -> Basis:
        """Returns the same functions at other points, [X', I] and [Y', J]."""
        return Basis(x=x, y=y, pairs=self.pairs)

    def logits(self, coefficients: Floats) -> Floats:
        """Returns the logit on the grid [..., X, Y] of coefficients [..., R]."""
        table = np.zeros((*coefficients.shape[:-1], self.x.shape[1] * self.y.shape[1]))
        table[..., self.pairs] = coefficients
        table = table.reshape(*coefficients.shape[:-1], self.x.shape[1], self.y.shape[1])
        return np.asarray(self.x @ table @ self.y.T)

    def rows(self, x: NDArray[np.int64], y: NDArray[np.int64]) -> Floats:
        """Evaluates each basis function at some grid points [P, R]."""
        i, j = np.divmod(self.pairs, self.y.shape[1])
        return self.x[x][:, i] * self.y[y][:, j]

    def project(self, grid: Floats) -> Floats:
        """Sums each basis function times these values [X, Y] over the grid -> [R]."""
        return np.asarray((self.x.T @ grid @ self.y).ravel()[self.pairs])

    def gram(self, weights: Floats) -> Floats:
        """Sums products of two basis functions over the grid, weighted [R, R]."""
        # sum_xy w_xy X_xa X_xc Y_yb Y_yd as two small products: over x first, then over y, of the
        # squares [X, I^2] and [Y, J^2]; then the pairs (a, b) and (c, d) are put together.
        i, j = self.x.shape[1], self.y.shape[1]
        table = _squares(self.x).T @ weights @ _squares(self.y)
        table = table.reshape(i, i, j, j).transpose(0, 2, 1, 3).reshape(i * j, i * j)
        return table[np.ix_(self.pairs, self.pairs)]

    def variances(self, covariance: Floats) -> Floats:
        """Returns the logit's variance on the grid [X, Y] from that of coefficients [R, R]."""
        i, j = self.x.shape[1], self.y.shape[1]
        table = np.zeros((i * j, i * j))
        table[np.ix_(self.pairs, self.pairs)] = covariance
        table = table.reshape(i, j, i, j).transpose(0, 2, 1, 3).reshape(i * i, j * j)
        return np.asarray(_squares(self.x) @ table @ _squares(self.y).T)


def product_basis(x: Floats, y: Floats, scale: float) -> Basis:
    """Keeps the largest products of functions of x [X, I] and y [Y, J], times `scale`."""
    size = np.outer((x**2).mean(axis=0), (y**2).mean(axis=0)).ravel()
    order = np.argsort(-size, kind="stable")[:_LARGEST_PRODUCT]
    pairs = np.sort(order[size[order] >= _SMALLEST_SHARE * size[order[0]]])
    return Basis(x=scale * x, y=y, pairs=pairs)


def functions(kernel: Floats) -> Floats:
    """Returns what makes functions of a kernel, whose products sum to it.

    Args:
        kernel: Kernel of the N nodes with each other [N, N].

    Returns:
        A table [N, I]. The kernel of points G with the nodes [G, N] times it are the functions at
        these points [G, I].
    """
    values, vectors = np.linalg.eigh(kernel)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = min(int((values > _SMALLEST_SHARE * values[0]).sum()), _LARGEST_RANK)
    return np.asarray(vectors[:, :rank] / np.sqrt(values[:rank]))


def _squares(functions: Floats) -> Floats:
    return (functions[:, :, None] * functions[:, None, :]).reshape(len(functions), -1)
