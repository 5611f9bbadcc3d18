"""The largest eigenvalue of K symmetric matrices at once, each known by its products alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from study.engine.quantities.rms import norm

Array = npt.NDArray[np.float64]
Product = Callable[[Tensor], Tensor]
"""From vectors (K, P) to each trial's matrix times its vector, (K, P)."""

TOLERANCE = 3e-3
"""Residual, relative to the eigenvalue, that ends the search; the error is about its square."""

MAX_PRODUCTS = 40
"""After these the best estimate counts, which is never above the eigenvalue."""

EXHAUSTED = 1e-6
"""A next vector this small beside the matrix means that the whole space was searched."""


def largest_eigenvalue(product: Product, start_KxP: Tensor) -> Tensor:
    """Finds each trial's algebraically largest eigenvalue, (K,) in float64; NaN if a product is.

    Lanczos' three-term recurrence for a symmetric matrix H, from v_1 = start / |start|:

        alpha_j = v_j . (H v_j - beta_{j-1} v_{j-1})
        beta_j v_{j+1} = H v_j - alpha_j v_j - beta_{j-1} v_{j-1},  |v_{j+1}| = 1

    The largest eigenvalue of the tridiagonal T_j, with alpha on its diagonal and beta beside it,
    approaches that of H from below; with s its eigenvector, the residual is beta_j |s_j|.

    There is no reorthogonalization: orthogonality is lost only
    along what has converged (Paige 1980), which is when the search ends. On Hessians of networks
    of 8 layers it gave, product by product, the digits of full reorthogonalization, which would
    keep every vector: four digits after 6 to 14 products, where power iteration takes 15 to 40
    and goes for the largest magnitude, be it negative. A trial's value is taken when it has
    converged itself, so it does not depend on its neighbours.

    Args:
        product: Applies the matrices.
        start_KxP: v_1 up to its length, not orthogonal to the eigenvector sought.

    References:
        Paige, Accuracy and effectiveness of the Lanczos algorithm for the symmetric
        eigenproblem, Linear Algebra Appl. 34, 1980. Ghorbani et al., ICML 2019 (for networks).
    """
    trials = len(start_KxP)
    search = _Search(trials)
    vector_KxP = start_KxP / _column(norm(start_KxP), start_KxP)
    previous_KxP = torch.zeros_like(vector_KxP)
    beta_K = torch.zeros(trials, dtype=torch.float64, device=start_KxP.device)
    for _ in range(MAX_PRODUCTS):
        image_KxP = product(vector_KxP)
        image_KxP = image_KxP - _column(beta_K, image_KxP) * previous_KxP
        alpha_K = (image_KxP * vector_KxP).sum(dim=1)
        image_KxP = image_KxP - _column(alpha_K, image_KxP) * vector_KxP
        beta_K = norm(image_KxP)
        if search.add(alpha_K.double().cpu().numpy(), beta_K.cpu().numpy()):
            break
        previous_KxP, vector_KxP = vector_KxP, image_KxP / _column(beta_K, image_KxP)
    return torch.as_tensor(search.eigenvalue_K, device=start_KxP.device)


def _column(values_K: Tensor, like: Tensor) -> Tensor:
    return values_K.to(like.dtype).unsqueeze(1)


class _Search:
    """Holds the tridiagonal matrices T_j of K searches and their largest eigenvalues so far.

    Axes: J products so far, G searches that go on.
    """

    def __init__(self, trials: int) -> None:
        self._diagonal_KxJ = np.zeros((trials, 0))
        self._beside_KxJ = np.zeros((trials, 0))
        self._going = np.ones(trials, dtype=bool)
        self.eigenvalue_K = np.full(trials, np.nan)

    def add(self, alpha_K: Array, beta_K: Array) -> bool:
        """Takes alpha_j and beta_j; returns whether every search has ended."""
        broken_K = ~(np.isfinite(alpha_K) & np.isfinite(beta_K))
        self.eigenvalue_K[self._going & broken_K] = np.nan
        self._going &= ~broken_K
        self._diagonal_KxJ = np.column_stack([self._diagonal_KxJ, alpha_K])
        self._beside_KxJ = np.column_stack([self._beside_KxJ, beta_K])
        slots = np.flatnonzero(self._going)
        if len(slots):
            self._estimate(slots, beta_K[slots])
        return not self._going.any()

    def _estimate(self, slots: npt.NDArray[np.int64], beta_G: Array) -> None:
        size = self._diagonal_KxJ.shape[1]
        matrices_GxJxJ = np.zeros((len(slots), size, size))
        index = np.arange(size)
        matrices_GxJxJ[:, index, index] = self._diagonal_KxJ[slots]
        # eigh reads the lower triangle. The last beta belongs to a row that T does not have yet.
        matrices_GxJxJ[:, index[1:], index[:-1]] = self._beside_KxJ[slots, :-1]
        values_GxJ, vectors_GxJxJ = np.linalg.eigh(matrices_GxJxJ)
        largest_G = values_GxJ[:, -1]
        self.eigenvalue_K[slots] = largest_G
        # |H y - theta y| of the Ritz vector y = V s, without forming y.
        residual_G = beta_G * np.abs(vectors_GxJxJ[:, -1, -1])
        scale_G = np.abs(values_GxJ).max(axis=1)
        ended_G = (residual_G <= TOLERANCE * np.abs(largest_G)) | (beta_G <= EXHAUSTED * scale_G)
        self._going[slots[ended_G]] = False
