"""A network from its factory, and whether it fits its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from study.engine.networks import foreign
from study.engine.networks.as_trained import as_trained
from study.engine.networks.error import NetworkError
from study.engine.tasks.error import DataError
from study.engine.tasks.feeding.fed import fed
from study.engine.tasks.feeding.feed import described
from study.engine.tasks.task import Task

_LAZY = (UninitializedParameter, UninitializedBuffer)


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
    module = as_trained(module)
    parameters = list(module.parameters())
    if parameters and not any(value.requires_grad for value in parameters):
        raise NetworkError(
            "a network must have a parameter to train, but requires_grad is False for all "
            f"{len(parameters)} of them"
        )
    if task.latent is not None and getattr(module, "latent", None) != task.latent:
        raise NetworkError(
            f"task {task.name} needs a network that draws from {task.latent} numbers between an "
            f"encoder and a decoder, and says so by its attribute `latent`: network vae, or one's "
            f"own; got {type(module).__name__}"
        )
    if task.feed is not None:
        module = fed(module, task.feed)
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
    check_output(module, task, batch=2)
    for each in training:
        each.training = True


def check_output(module: nn.Module, task: Task, batch: int) -> None:
    """Tries the network on the first examples.

    Raises:
        NetworkError: If it fails, or returns something else than (batch, ..., outputs).
    """
    parameter = next(module.parameters(), None)
    inputs = task.inputs[:batch]
    batch = len(inputs)  # A task may have a single example.
    if parameter is not None:
        dtype = parameter.dtype if inputs.is_floating_point() else inputs.dtype
        inputs = inputs.to(device=parameter.device, dtype=dtype)
    try:
        with torch.no_grad():
            output = module(inputs)
    except DataError as error:  # Of a loss that is part of the network.
        raise NetworkError(str(error)) from error
    except Exception as error:
        feed = task.feed
        given = f"shape {tuple(inputs.shape)}" if feed is None else described(feed.inputs)
        raise NetworkError(
            f"the network failed on inputs of {given} of task {task.name}: "
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
