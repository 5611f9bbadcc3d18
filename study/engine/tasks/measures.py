"""Losses and metrics by example: (outputs (N, ...), targets (N, ...)) -> (N,).

Axes: N examples, T time steps, C classes. Where a network answers at each time step, an example's
loss and metric are means over its time steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

_FEW = 16
"""Classes below which a softmax along rows does not fill a CPU's vectors: with the classes on the
first axis cross-entropy then takes a third to three quarters of the time."""


def cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the cross-entropy in nats; (N, C) and (N,), or (N, T, C) and (N, T) -> (N,)."""
    if labels.ndim == 1:
        return _by_row(outputs, labels)
    losses = _by_row(outputs.flatten(0, -2), labels.flatten())
    return losses.view(labels.shape).flatten(1).mean(dim=1)


def correct(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the share of largest outputs that are the label; (N, C), (N,) or with T -> (N,)."""
    hits = (outputs.argmax(dim=-1) == labels).to(outputs.dtype)
    return hits if hits.ndim == 1 else hits.flatten(1).mean(dim=1)


@dataclass(frozen=True)
class CorrectAtEnd:
    """Computes the share of the last `steps` labels that are the largest output, as `correct`."""

    steps: int

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return correct(outputs[:, -self.steps :], labels[:, -self.steps :])


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Computes the squared error, mean over an example's numbers; twice (N, ...) -> (N,)."""
    return (outputs - targets).square().flatten(1).mean(dim=1)


def _by_row(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the cross-entropy of each row; (N, C) and (N,) -> (N,)."""
    if outputs.device.type != "cpu" or outputs.shape[1] >= _FEW:
        return functional.cross_entropy(outputs, labels, reduction="none")
    classes_first = outputs.t().contiguous().unsqueeze(0)
    losses = functional.cross_entropy(classes_first, labels.unsqueeze(0), reduction="none")
    return losses.squeeze(0)
