"""Clipping by global norm."""

from __future__ import annotations

import torch
from torch import Tensor

NORM_EPSILON = 1e-6
"""Keeps the factor finite for a zero gradient; the constant of torch's clip_grad_norm_."""


def norm_factor(grad_norm_K: Tensor, limit_K: Tensor) -> Tensor:
    """Computes what each trial's gradient is multiplied by: min(1, c / (|g| + 1e-6)), (K,).

    It is torch.nn.utils.clip_grad_norm_, and but for the 1e-6 tf.clip_by_global_norm. Without a
    limit (infinity) it is 1, whatever the norm.

    References:
        Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013.
    """
    factor_K = (limit_K / (grad_norm_K + NORM_EPSILON)).clamp(max=1.0)
    return torch.where(limit_K.isinf(), torch.ones_like(factor_K), factor_K)
