"""Looking at tensors inside a vectorized network without changing them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.autograd import Function

from study.engine.observation import Observation, Sink


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


@contextmanager
def taps(module: nn.Module, observation: Observation | None) -> Iterator[None]:
    """Shows the observation, if any, what passes its layers and activations in the block."""
    if observation is None:
        yield
        return
    modules = dict(module.named_modules())
    handles = []
    for layer in observation.layers:
        sinks = {layer.name: observation.preactivation(layer.name)}
        if layer.activation is not None:
            sinks[layer.activation] = observation.activation(layer.name)
        for name, sink in sinks.items():
            handles.append(modules[name].register_forward_hook(_hook(sink)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(sink: Sink) -> Any:
    def look(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return tap(output, sink)

    return look
