"""Looking at tensors inside a network without changing them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.autograd import Function

from study.engine.layers import first_tensor
from study.engine.observation import Observation, Sink


class _Tap(Function):
    """The identity; tells a sink what passes forward and, in the backward pass, the gradient.

    Under vmap the rule below runs on the stacked tensors, where autograd records the tap itself:
    the backward pass therefore runs once for the whole cohort and sees the trial axis.
    """

    generate_vmap_rule = False

    @staticmethod
    def forward(stacked: Tensor, sink: Sink, call: int) -> Tensor:
        # A copy, not a view: an in-place activation behind the tap must not touch what it saw.
        return stacked.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Sink, int], output: Tensor) -> None:
        _, ctx.sink, ctx.call = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        ctx.sink.add_gradient(gradients[0], ctx.call)
        return gradients[0], None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], value: Tensor, sink: Sink, call: int
    ) -> tuple[Tensor, int]:
        dim = in_dims[0]
        stacked = (
            value.expand(info.batch_size, *value.shape) if dim is None else value.movedim(dim, 0)
        )
        sink.add_value(stacked.detach(), call)
        return _Tap.apply(stacked, sink, call), 0


class _TapOfOne(Function):
    """The same for a trial that runs by itself: the sink gets a trial axis of length one."""

    @staticmethod
    def forward(value: Tensor, sink: Sink, call: int) -> Tensor:
        sink.add_value(value.detach().unsqueeze(0), call)
        return value.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Sink, int], output: Tensor) -> None:
        _, ctx.sink, ctx.call = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        ctx.sink.add_gradient(gradients[0].unsqueeze(0), ctx.call)
        return gradients[0], None, None


@contextmanager
def taps(
    module: nn.Module, observation: Observation | None, *, vectorized: bool = True
) -> Iterator[None]:
    """Shows the observation, if any, what passes its layers and activations in the block.

    Args:
        module: Called at most once in the block.
        observation: Says which layers to look at, and takes what they show.
        vectorized: Whether the module runs under vmap for all trials, or for a single one.
    """
    if observation is None:
        yield
        return
    function = _Tap if vectorized else _TapOfOne
    modules = dict(module.named_modules())
    handles = []
    for layer in observation.layers:
        sinks = {layer.name: observation.preactivation(layer.name)}
        if layer.activation is not None:
            sinks[layer.activation] = observation.activation(layer.name)
        for name, sink in sinks.items():
            handles.append(modules[name].register_forward_hook(_hook(function, sink)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(function: type[Function], sink: Sink) -> Any:
    calls = itertools.count()

    def look(module: nn.Module, inputs: Any, output: Any) -> Any:
        tensor = first_tensor(output)
        looked_at = function.apply(tensor, sink, next(calls))
        if output is tensor:
            return looked_at
        several = (looked_at, *output[1:])
        named = hasattr(output, "_fields")
        return type(output)(*several) if named else type(output)(several)

    return look
