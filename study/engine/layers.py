"""The layers of any network, found by watching one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from study.engine.activations import activation_name
from study.engine.tasks.task import Task


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
        positions: How often the weight is applied to one example (pixels, time steps).
    """

    number: int
    name: str
    role: Literal["hidden", "output"]
    activation: str | None
    activation_name: str | None
    positions: int

    @property
    def weight(self) -> str:
        """Name of the layer's weight among the network's parameters."""
        return f"{self.name}.weight" if self.name else "weight"


def build_network(
    factory: Callable[[Mapping[str, Any], Task], nn.Module],
    hyperparameters: Mapping[str, Any],
    task: Task,
) -> nn.Module:
    """What the factory returns.

    Raises:
        NetworkError: If it fails, or returns something else than a module.
    """
    try:
        module = factory(hyperparameters, task)
    except Exception as error:
        raise NetworkError(
            f"the network cannot be built for {dict(hyperparameters)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(module, nn.Module):
        raise NetworkError(f"a network's factory must return a torch.nn.Module, got {module!r}")
    return module


def has_weight_matrix(module: nn.Module) -> bool:
    """Whether this module itself (not a child) owns a `weight` of two or more dimensions."""
    weight = module._parameters.get("weight")
    return weight is not None and weight.ndim >= 2


def find_layers(module: nn.Module, task: Task, *, batch: int = 2) -> tuple[Layer, ...]:
    """Layers of `module` in the order of their first call.

    Args:
        module: A network, on the CPU or on the meta device.
        task: Gives the inputs to try it on and the outputs it must have.
        batch: Number of examples to try it on.

    Raises:
        NetworkError: If the network fails on the task's inputs, returns something else than
            (batch, ..., outputs), or has no layer with a weight matrix.
    """
    calls: list[tuple[str, int]] = []
    activations: dict[str, tuple[str, str | None]] = {}
    names = {child: name for name, child in module.named_modules()}

    def watch(child: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        name = names[child]
        if has_weight_matrix(child):
            if all(name != seen for seen, _ in calls):
                width = child._parameters["weight"].shape[0]  # type: ignore[union-attr]
                calls.append((name, output[0].numel() // width))
        elif calls and calls[-1][0] not in activations:
            known = activation_name(child)
            if known is not None:
                activations[calls[-1][0]] = (name, known)

    handles = [child.register_forward_hook(watch) for child in names]
    try:
        _check_output(module, task, batch)
    finally:
        for handle in handles:
            handle.remove()
    if not calls:
        raise NetworkError("a network must have at least one layer with a weight matrix, got none")
    return tuple(
        Layer(
            number=number,
            name=name,
            role="output" if number == len(calls) else "hidden",
            activation=activations.get(name, (None, None))[0],
            activation_name=activations.get(name, (None, None))[1],
            positions=positions,
        )
        for number, (name, positions) in enumerate(calls, start=1)
    )


def _check_output(module: nn.Module, task: Task, batch: int) -> None:
    parameter = next(module.parameters(), None)
    inputs = task.inputs[:batch]
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
    got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if (
        not isinstance(output, Tensor)
        or output.ndim < 2
        or (output.shape[0] != batch or output.shape[-1] != task.outputs)
    ):
        raise NetworkError(
            f"a network for task {task.name} must return a tensor of shape "
            f"({batch}, ..., {task.outputs}) for {batch} inputs, but returned {got}"
        )
