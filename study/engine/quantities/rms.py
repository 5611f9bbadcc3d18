"""Root mean square by trial."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SAFE_NORMS = (1e-16, 1e16)
"""Between these a float32 norm is exact enough: its squares neither underflow nor overflow."""


def norm(values: Tensor) -> Tensor:
    """Euclidean norm by trial, (K, ...) -> (K,) in float64.

    Vanishing gradients are smaller than 1e-23, whose square is zero in float32. Summing in
    float64 needs a converted copy on a CPU, so it is done only where a norm asks for it.
    """
    axes = tuple(range(1, values.ndim))
    if values.device.type == "cpu" and values.dtype == torch.float32:
        quick = torch.linalg.vector_norm(values, dim=axes)
        low, high = SAFE_NORMS
        if bool(((quick > low) & (quick < high)).all()):
            return quick.double()
    return torch.linalg.vector_norm(values, dim=axes, dtype=torch.float64)


def rms(values: Tensor) -> Tensor:
    """sqrt(mean(x^2)) by trial, (K, ...) -> (K,) in float64."""
    return norm(values) / math.sqrt(math.prod(values.shape[1:]))
