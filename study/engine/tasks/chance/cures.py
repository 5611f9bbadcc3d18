"""What to do about a loss that is no number an example.

Axes: B examples.
"""

from __future__ import annotations

import torch
from torch import Tensor


def shape_cure(outputs_B: Tensor, targets_B: Tensor) -> str:
    """What would give targets the shape of the outputs, if their shapes are why it went wrong."""
    if outputs_B.shape == targets_B.shape or not targets_B.is_floating_point():
        return ""
    if outputs_B.shape == (*targets_B.shape, 1):
        broadcast = torch.broadcast_shapes(outputs_B.shape, targets_B.shape)
        return (
            f"; the two broadcast to {tuple(broadcast)}: give targets the shape of the outputs, "
            "targets.unsqueeze(-1)"
        )
    if outputs_B.numel() == targets_B.numel():
        return (
            "; give targets the shape of the outputs, "
            f"targets.reshape(-1, {', '.join(str(size) for size in outputs_B.shape[1:])})"
        )
    return ""


def reduction_cure(values: object) -> str:
    """What would keep the losses of a function that joins them apart."""
    if isinstance(values, Tensor) and values.ndim == 0:
        return (
            "; leave examples apart: reduction='none', and a mean over the axes behind the first"
        )
    return "; take the mean over the axes behind the first"
