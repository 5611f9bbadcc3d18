"""Root mean square by trial."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SAFE_NORMS = (1e-16, 1e16)
"""Between these a float32 norm is exact enough: its squares neither underflow nor overflow."""


def norm(values: Tensor, *, kept: int = 1) -> Tensor:
    """Computes the Euclidean norm over all axes but the first `kept`, in float64.

    Vanishing gradients are smaller than 1e-23, whose square is zero in float32. Summing in
    float64 needs a converted copy on a CPU, so it is done only for the rows that ask for it.
    """
    axes = tuple(range(kept, values.ndim))
    if not axes:
        return values.abs().double()
    if values.device.type != "cpu" or values.dtype != torch.float32:
        return torch.linalg.vector_norm(values, dim=axes, dtype=torch.float64)
    quick = quick_norm(values, kept=kept)
    exact = quick.double()
    unsafe = ~is_exact(quick)
    if bool(unsafe.any()):
        rows = values[unsafe]
        exact[unsafe] = torch.linalg.vector_norm(
            rows, dim=tuple(range(1, rows.ndim)), dtype=torch.float64
        )
    return exact


def quick_norm(values: Tensor, *, kept: int = 1) -> Tensor:
    """Computes the same in the dtype of the values, whose squares may underflow or overflow."""
    axes = tuple(range(kept, values.ndim))
    return torch.linalg.vector_norm(values, dim=axes) if axes else values.abs()


def is_exact(quick: Tensor) -> Tensor:
    """Returns where a `quick_norm` in float32 is exact enough to stand for `norm`."""
    low, high = SAFE_NORMS
    return (quick > low) & (quick < high)


def rms(values: Tensor) -> Tensor:
    """Computes sqrt(mean(x^2)) by trial, (K, ...) -> (K,) in float64."""
    return norm(values) / math.sqrt(math.prod(values.shape[1:]))
