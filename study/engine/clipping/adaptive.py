"""Adaptive gradient clipping (AGC): a limit relative to the size of the parameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.chunks import chunks
from study.engine.cohort.per_trial import along

PARAMETER_EPSILON = 1e-3
"""A unit counts as at least this long, so that one that starts at zero can grow (Brock 2021)."""


def clip_adaptively(
    gradients: Sequence[Tensor], parameters: Sequence[Tensor], limit_K: Tensor
) -> None:
    """Scales each unit's gradient G down to c max(|W|, 1e-3) where it is longer, in place.

    A unit is one row of a weight, W[i] of all its other axes: what leads to one output. Of a
    parameter with fewer than two axes it is the whole. All layers are clipped, the last one too.

    Args:
        gradients: Blocks (P, K, ...).
        parameters: Blocks of the same shapes.
        limit_K: The ratio c of each trial; infinity clips nothing.

    References:
        Brock et al., High-performance large-scale image recognition without normalization,
        ICML 2021, eq. 3.
    """
    for block, values in zip(gradients, parameters, strict=True):
        ratio = along(limit_K, block)
        for slots, (gradient, parameter) in chunks((block, values)):
            limit = ratio[:, slots] * _unit_norms(parameter).clamp(min=PARAMETER_EPSILON)
            length = _unit_norms(gradient)
            gradient.mul_(torch.where(length > limit, limit / length, torch.ones_like(length)))


def _unit_norms(block: Tensor) -> Tensor:
    """Computes each unit's Euclidean norm, axes kept: (P, K, rows, 1, ...) or (P, K, 1)."""
    axes = tuple(range(3 if block.ndim > 3 else 2, block.ndim))
    if not axes:
        return block.abs()
    if block.stride(-1) == 1:
        return torch.linalg.vector_norm(block, dim=axes, keepdim=True)
    # Ten times as fast on a CPU where the block is transposed in memory.
    return block.square().sum(dim=axes, keepdim=True).sqrt()
