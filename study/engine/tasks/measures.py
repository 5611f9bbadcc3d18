"""Losses and metrics by example: (outputs (N, ...), targets (N, ...)) -> (N,).

Axes: N examples, T time steps, C classes. Where a network answers at each time step, an example's
loss and metric are means over its time steps.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the cross-entropy in nats; (N, C) and (N,), or (N, T, C) and (N, T) -> (N,)."""
    if labels.ndim == 1:
        return functional.cross_entropy(outputs, labels, reduction="none")
    losses = functional.cross_entropy(outputs.flatten(0, -2), labels.flatten(), reduction="none")
    return losses.view(labels.shape).flatten(1).mean(dim=1)


def correct(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the share of largest outputs that are the label; (N, C), (N,) or with T -> (N,)."""
    hits = (outputs.argmax(dim=-1) == labels).to(outputs.dtype)
    return hits if hits.ndim == 1 else hits.flatten(1).mean(dim=1)


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Computes the squared error, mean over an example's numbers; twice (N, ...) -> (N,)."""
    return (outputs - targets).square().flatten(1).mean(dim=1)
