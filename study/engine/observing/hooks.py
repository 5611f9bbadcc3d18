"""Looking at tensors inside a network without changing them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from study.engine.layers import first_tensor
from study.engine.observing.collector import Sink
from study.engine.observing.observation import Observation
from study.engine.observing.sizes import Sizes

Look = Callable[[Tensor, int | None, int], None]
"""Takes a tensor, its trial axis (None where it is of a single trial), and the call's number."""


class _Stacked(Function):
    """Shows the tensor of all trials that stands behind a vmapped one; its result means nothing.

    Autograd records the operations on these stacked tensors, so hooks on them see the gradients
    of the whole cohort. The network goes on with what it had: it does not notice.
    """

    generate_vmap_rule = False

    @staticmethod
    def forward(value: Tensor, look: Look, call: int) -> Tensor:
        return value.new_empty(0)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], value: Tensor, look: Look, call: int
    ) -> tuple[Tensor, None]:
        look(value, in_dims[0], call)
        return value.new_empty(0), None


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
    modules = dict(module.named_modules())
    handles = []
    for layer in observation.layers:
        sizes, deltas = observation.preactivation(layer.name), observation.delta(layer.name)
        looks = {layer.name: _at_output(sizes, deltas)}
        if layer.activation is not None:
            looks[layer.activation] = _at_value(observation.activation(layer.name))
        for name, look in looks.items():
            handles.append(modules[name].register_forward_hook(_hook(look, vectorized)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(look: Look, vectorized: bool) -> Any:
    calls = itertools.count()

    def show(module: nn.Module, inputs: Any, output: Any) -> None:
        tensor = first_tensor(output)
        if tensor is None:
            return
        if vectorized:
            _Stacked.apply(tensor, look, next(calls))
        else:
            look(tensor, None, next(calls))

    return show


def _at_output(sizes: Sizes, deltas: Sink) -> Look:
    """Shows a layer's output and, later, the gradient by it."""

    def look(value: Tensor, axis: int | None, call: int) -> None:
        with torch.no_grad():
            sizes.add(_leading(value.detach(), axis), call)
        if value.requires_grad:
            # If an in-place activation follows, the hook still gets the gradient by what was.
            value.register_hook(
                lambda gradient: deltas.add(_leading(gradient, axis), call, stays=False)
            )

    return look


def _at_value(sink: Sink) -> Look:
    def look(value: Tensor, axis: int | None, call: int) -> None:
        with torch.no_grad():
            sink.add(_leading(value.detach(), axis), call, stays=False)

    return look


def _leading(value: Tensor, axis: int | None) -> Tensor:
    """With the trial axis first."""
    return value.unsqueeze(0) if axis is None else value.movedim(axis, 0)
