"""The layers of any network, found by watching one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from study.engine.activations import activation_name
from study.engine.networks import foreign
from study.engine.tasks.task import Task

CHANNELS_SECOND = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Modules whose output has its units on axis 1; all others have them on the last axis."""


_LAZY = (UninitializedParameter, UninitializedBuffer)


class NetworkError(ValueError):
    """A network that does not fit its task."""


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


def build_network(
    factory: Callable[[Mapping[str, Any], Task], nn.Module],
    hyperparameters: Mapping[str, Any],
    task: Task,
) -> nn.Module:
    """Calls the factory; a Keras model comes as a module.

    Whatever the factory draws from is a function of the seed of torch's generator.

    Raises:
        NetworkError: If it fails, or returns something else than a module or Keras model.
    """
    try:
        module = foreign.built(factory, hyperparameters, task)
    except Exception as error:
        raise NetworkError(
            f"the network cannot be built: {type(error).__name__}: {error} (for "
            f"{', '.join(f'{name}={value}' for name, value in hyperparameters.items())})"
        ) from error
    if not isinstance(module, nn.Module):
        raise NetworkError(f"a network's factory must return a torch.nn.Module, got {module!r}")
    if any(isinstance(value, _LAZY) for value in _tensors(module)):
        _run_once(module, task)
    return module


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _run_once(module: nn.Module, task: Task) -> None:
    """Gives lazy modules (`nn.LazyLinear`) their shapes, which a first pass tells them.

    Raises:
        NetworkError: If the pass fails.
    """
    training = [each for each in module.modules() if each.training]
    module.eval()  # Running statistics of batch normalization stay as they were made.
    _check_output(module, task, batch=2)
    for each in training:
        each.training = True


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
            _check_output(module, task, batch)
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
    return watch.layers()


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
            )
            for number, (name, calls) in enumerate(self.calls.items(), start=1)
        )


def _check_output(module: nn.Module, task: Task, batch: int) -> None:
    parameter = next(module.parameters(), None)
    inputs = task.inputs[:batch]
    batch = len(inputs)  # A task may have a single example.
    if parameter is not None:
        dtype = parameter.dtype if inputs.is_floating_point() else inputs.dtype
        inputs = inputs.to(device=parameter.device, dtype=dtype)
    try:
        with torch.no_grad():
            output = module(inputs)
    except Exception as error:
        raise NetworkError(
            f"the network failed on inputs of shape {tuple(inputs.shape)} of task {task.name}: "
            f"{type(error).__name__}: {error}"
        ) from error
    got = tuple(output.shape) if isinstance(output, Tensor) else _no_tensor(output)
    if (
        not isinstance(output, Tensor)
        or output.ndim < 2
        or (output.shape[0] != batch or output.shape[-1] != task.outputs)
    ):
        raise NetworkError(
            f"a network for task {task.name} must return a tensor of shape "
            f"({batch}, ..., {task.outputs}) for {batch} inputs, but returned {got}"
        )


def _no_tensor(output: object) -> str:
    """What came instead of a tensor, and the way out where it holds tensors."""
    if not isinstance(output, (dict, tuple, list)):
        return type(output).__name__
    keys = f" with {', '.join(map(repr, output))}" if isinstance(output, dict) else ""
    return (
        f"a {type(output).__name__}{keys}; let forward return the one tensor that the loss needs, "
        "or join several on the last axis (torch.cat) and let the task's loss take them apart"
    )
