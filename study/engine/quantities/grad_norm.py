"""Size of the whole gradient, before clipping."""

from __future__ import annotations

from torch import Tensor


def grad_norm(norms_NxK: Tensor) -> Tensor:
    """Computes the gradient's Euclidean norm from those of its N parameters, (N, K) -> (K,).

    Infinite where it overflows the dtype, as for torch's own clipping: such a trial is lost.

    References:
        Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013.
    """
    norm_K: Tensor = norms_NxK.norm(dim=0)
    return norm_K
