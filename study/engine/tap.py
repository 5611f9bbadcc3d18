"""Looking at tensors inside a vectorized network without changing them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


class Sink:
    """Collects one module's outputs and the loss gradients by them, with the trial axis first.

    A module called T times in one pass (a recurrent cell) leaves T tensors.
    """

    def __init__(self) -> None:
        self._values: list[Tensor] = []
        self._gradients: list[Tensor] = []

    def add_value(self, value_KxB: Tensor) -> None:
        """Take an output, (K, B, ...)."""
        self._values.append(value_KxB)

    def add_gradient(self, gradient_KxB: Tensor) -> None:
        """Take a gradient, (K, B, ...)."""
        self._gradients.append(gradient_KxB)

    @property
    def values_KxB(self) -> Tensor:
        """All outputs, calls joined along the batch axis."""
        return _joined(self._values)

    @property
    def gradients_KxB(self) -> Tensor:
        """All gradients, calls joined along the batch axis (order of the backward pass)."""
        return _joined(self._gradients)


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim=1)


class _Tap(Function):
    """The identity; tells a sink what passes forward and, in the backward pass, the gradient.

    Under vmap the rule below runs on the stacked tensors, where autograd records the tap itself:
    the backward pass therefore runs once for the whole cohort and sees the trial axis.
    """

    generate_vmap_rule = False

    @staticmethod
    def forward(value: Tensor, sink: Sink) -> Tensor:
        # A copy, not a view: an in-place activation behind the tap must not touch what it saw.
        return value.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Sink], output: Tensor) -> None:
        ctx.sink = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        ctx.sink.add_gradient(gradients[0])
        return gradients[0], None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, None], value: Tensor, sink: Sink
    ) -> tuple[Tensor, int]:
        dim = in_dims[0]
        stacked = (
            value.expand(info.batch_size, *value.shape) if dim is None else value.movedim(dim, 0)
        )
        sink.add_value(stacked.detach())
        return _Tap.apply(stacked, sink), 0


def tap(value: Tensor, sink: Sink) -> Tensor:
    """`value` unchanged; `sink` gets it now and its gradient in the backward pass."""
    return _Tap.apply(value, sink)
