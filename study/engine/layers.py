"""The layers of any network, found by watching one forward pass."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from study.engine.activations import activation_name
from study.engine.networks.building import check_output
from study.engine.networks.error import NetworkError
from study.engine.tasks.feeding.pytree import leaves
from study.engine.tasks.task import Task

CHANNELS_SECOND = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Modules whose output has its units on axis 1; all others have them on the last axis."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A module with a weight matrix or kernel, and the activation that follows it.

    Attributes:
        number: From 1, in the order of the forward pass.
        name: The module's name inside the network; its output is the pre-activation.
        role: The last layer is the output (readout), all others are hidden.
        activation: Name of the activation module called next, if any.
        activation_name: That activation's name in the catalogue, if it is known.
        weight: Name of its weight among the network's parameters.
        positions: How often the weight is applied to one example (pixels, time steps).
        calls: How often the module is called in one pass (a recurrent map: once a time step).
        units_last: Whether its outputs are (B, ..., units); those of convolutions are not.
        frozen: Whether its weight is not to be trained.
        in_time: Whether it is called once a time step, rather than shared among a network's depth.
    """

    number: int
    name: str
    role: Literal["hidden", "output"]
    activation: str | None
    activation_name: str | None
    weight: str
    positions: int
    calls: int
    units_last: bool
    frozen: bool = False
    in_time: bool = False


def is_normalized_by_batch(module: nn.Module) -> bool:
    """Returns whether answers depend on the other examples by batch normalization."""
    return any(isinstance(each, nn.modules.batchnorm._BatchNorm) for each in module.modules())


def weight_matrix(module: nn.Module) -> Tensor | None:
    """Returns the first weight of two or more axes that this module itself (no child) owns."""
    for name, parameter in module._parameters.items():
        if parameter is not None and parameter.ndim >= 2 and "weight" in name:
            return parameter
    return None


def first_tensor(output: Any) -> Tensor | None:
    """Returns the tensor that a module returned, or the first of several (LSTM, attention)."""
    if isinstance(output, (tuple, list)) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def find_layers(module: nn.Module, task: Task, *, batch: int = 2) -> tuple[Layer, ...]:
    """Finds the layers of `module` in the order of their first call.

    Buffers and random state stay as they are.

    Args:
        module: A network, on the CPU or on the meta device.
        task: Gives the inputs to try it on and the outputs it must have.
        batch: Number of examples to try it on.

    Raises:
        NetworkError: If the network fails on the task's inputs, returns something else than
            (batch, ..., outputs), or has no layer with a weight matrix.
    """
    watch, before = _Watch(module), dict(module.named_parameters())
    handles = [child.register_forward_hook(watch) for child in watch.names]
    try:
        # A network may draw random numbers (dropout), and change its buffers.
        with torch.random.fork_rng(devices=[]), buffers_kept(module):
            check_output(module, task, batch)
    finally:
        for handle in handles:
            handle.remove()
    made = [name for name, _ in module.named_parameters() if name not in before]
    if made:
        raise NetworkError(
            "a network must have all of its parameters from the beginning, but its forward made "
            f"{', '.join(made)}; make them in __init__, or use a lazy module (nn.LazyLinear)"
        )
    if not watch.calls:
        raise NetworkError("a network must have at least one layer with a weight matrix, got none")
    lengths = _time_axes(task)
    return tuple(
        dataclasses.replace(
            layer, in_time=_in_time(module.get_submodule(layer.name), layer.calls, lengths)
        )
        for layer in watch.layers()
    )


def _in_time(module: nn.Module, calls: int, lengths: frozenset[int]) -> bool:
    cell = isinstance(module, nn.RNNCellBase)
    return calls > 1 and (cell or bool({calls, calls + 1} & lengths))


def _time_axes(task: Task) -> frozenset[int]:
    """Returns how many time steps inputs may have: their axes but a table's, and joined ones.

    An image may be read by rows, or pixel by pixel; a table (N, F) has no time.
    """
    inputs = [task.inputs] if task.feed is None else [each for _, each in leaves(task.feed.inputs)]
    lengths: set[int] = set()
    for each in inputs:
        shape = tuple(each.shape[1:])
        if len(shape) > 1 or (shape and not each.is_floating_point()):
            lengths |= {*shape, *(math.prod(part) for part in (shape, shape[:-1], shape[1:]))}
    return frozenset(lengths - {0, 1, 2})


@contextmanager
def buffers_kept(module: nn.Module) -> Iterator[None]:
    """Restores the module's buffers, which a forward pass may change, after the block."""
    kept = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)


class _Watch:
    """A forward hook of every module: notes the layers, and the activations behind them."""

    def __init__(self, module: nn.Module) -> None:
        self.names = {child: name for name, child in module.named_modules()}
        self.calls: dict[str, int] = {}
        self._parameters = {id(value): name for name, value in module.named_parameters()}
        self._weights: dict[str, Tensor] = {}
        self._positions: dict[str, int] = {}
        self._units_last: dict[str, bool] = {}
        self._activations: dict[str, tuple[str, str]] = {}
        self._last: str | None = None

    def __call__(self, child: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        weight, tensor = weight_matrix(child), first_tensor(output)
        name = self.names[child]
        if weight is not None and tensor is not None:
            self.calls[name] = self.calls.get(name, 0) + 1
            self._weights[name] = weight
            self._units_last[name] = not isinstance(child, CHANNELS_SECOND)
            width = tensor.shape[-1] if self._units_last[name] else tensor.shape[1]
            applied = tensor[0].numel() // width
            self._positions[name] = self._positions.get(name, 0) + applied
            self._last = name
            return
        known = activation_name(child)
        if known is not None and self._last is not None and self._last not in self._activations:
            self._activations[self._last] = (name, known)

    def layers(self) -> tuple[Layer, ...]:
        """Returns the layers that were called, in the order of their first call."""
        return tuple(
            Layer(
                number=number,
                name=name,
                role="output" if number == len(self.calls) else "hidden",
                activation=self._activations.get(name, (None, None))[0],
                activation_name=self._activations.get(name, (None, None))[1],
                weight=self._parameters[id(self._weights[name])],
                positions=self._positions[name],
                calls=calls,
                units_last=self._units_last[name],
                frozen=not self._weights[name].requires_grad,
            )
            for number, (name, calls) in enumerate(self.calls.items(), start=1)
        )
