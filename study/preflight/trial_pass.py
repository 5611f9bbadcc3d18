"""One forward pass, loss, metric and backward pass on a few examples, before any trial.

Axes: B tried examples.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from search_spaces.errors import InputError
from study.engine import NetworkError, NetworkFactory, Task, find_layers
from study.engine.cohort.initial_networks import starting_point
from study.engine.forensics import Alone, first_failure
from study.engine.memory import is_out_of_memory
from study.engine.precision import PRECISIONS, Precision
from study.engine.seeds import seed_torch
from study.engine.tasks.data.bounded_outputs import bounded_outputs
from study.engine.tasks.data.task_data import check_data
from study.engine.tasks.spread import spread
from study.errors import first_line
from study.preflight.per_example import called, mixing_notice
from study.trial import Trial

EXAMPLES = 64
"""Most examples that are tried."""

FLOPS = 2e10
"""Arithmetic of a pass, at most, unless two examples take more: about a second of one core."""


@dataclass(frozen=True, kw_only=True)
class _Forward:
    """A network's first outputs, with their graph, and what it was tried on."""

    module: nn.Module
    precision: Precision
    rows: Tensor
    inputs_B: Tensor
    targets_B: Tensor
    outputs_B: Tensor


def try_data(task: Task) -> None:
    """Refuses data that no network could learn from, before one is tried.

    Raises:
        InputError: If a number is not finite, or a label or token is out of range.
    """
    try:
        check_data(task)
    except ValueError as error:
        raise InputError(str(error), key="task") from error


def try_task(
    network: NetworkFactory,
    hyperparameters: Mapping[str, Any],
    task: Task,
    *,
    flops_per_step: float,
) -> list[str]:
    """Tries a task with the network that a trial of this configuration would start from.

    Random state stays as it is. The same arguments give the same answer.

    Args:
        network: Factory of the network, which fits the task (`trial_cost`).
        hyperparameters: One full configuration.
        task: Its task.
        flops_per_step: What a pass over a batch costs.

    Returns:
        What a person should know before training: losses that mix examples, outputs whose bounds
        keep them from what the loss asks for, losses or gradients that are not finite.

    Raises:
        InputError: If loss or metric cannot be computed or is no number an example, or no
            gradient gets from the loss to the outputs or from them to the parameters.
    """
    rows = _rows(task, int(hyperparameters["batch_size"]), flops_per_step)
    try:
        return _tried(network, hyperparameters, task, rows)
    except InputError as error:
        # Memory that is short now says nothing of the task: training has ways to do with less.
        if error.__cause__ is not None and is_out_of_memory(error.__cause__):
            return []
        raise


def _tried(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task, rows: Tensor
) -> list[str]:
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # torch warns of targets that broadcast; that is reported below, with the cure.
        warnings.simplefilter("ignore")
        forward = _forward(network, hyperparameters, task, rows)
        outputs_B, targets_B = forward.outputs_B, forward.targets_B
        loss_B = called(task, "loss", outputs_B, targets_B)
        called(task, "metric", outputs_B.detach(), targets_B)
        # Where both mix examples it is for one reason, and the loss' notice has it.
        mixing = mixing_notice(task, "loss", outputs_B.detach(), targets_B) or mixing_notice(
            task, "metric", outputs_B.detach(), targets_B
        )
        bounded = bounded_outputs(task, outputs_B, targets_B)
        found = [each for each in (mixing, bounded) if each is not None]
        return found + _backward(task, forward, loss_B)


def _rows(task: Task, batch: int, flops_per_step: float) -> Tensor:
    """Numbers of the tried examples: evenly spaced ones, for files may be sorted by label.

    Where targets are integers, the least and the greatest are among them: a loss that looks
    labels up fails on these first.
    """
    affordable = int(FLOPS * batch / max(flops_per_step, 1.0))
    wanted = min(task.examples, max(2, min(batch, EXAMPLES, affordable)))
    rows = spread(task.examples, wanted)
    if not task.targets.is_floating_point():
        by_row = task.targets.reshape(task.examples, -1)
        extremes = torch.stack([by_row.amin(dim=1).argmin(), by_row.amax(dim=1).argmax()])
        rows = torch.cat([rows, extremes])
    return rows.unique()


def _forward(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task, rows: Tensor
) -> _Forward:
    precision = PRECISIONS[str(hyperparameters.get("dtype", "float32"))]
    inputs_B, targets_B = (
        data[rows].to(precision.parameters) if data.is_floating_point() else data[rows]
        for data in (task.inputs, task.targets)
    )
    trial = Trial(number=0, configuration=0, seed=0, hyperparameters=hyperparameters)
    try:
        start = starting_point([trial], task, network)
    except NetworkError as error:
        raise InputError(str(error), key="network") from error
    module = start.module.to(precision.parameters)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(start.parameters[0][name])
    try:
        outputs_B = _outputs(module, precision, inputs_B)
    except Exception as error:
        raise InputError(
            f"the network failed on inputs of shape {tuple(inputs_B.shape)} of task {task.name}: "
            f"{type(error).__name__}: {first_line(error)}",
            key="network",
        ) from error
    return _Forward(
        module=module,
        precision=precision,
        rows=rows,
        inputs_B=inputs_B,
        targets_B=targets_B,
        outputs_B=outputs_B,
    )


def _outputs(module: nn.Module, precision: Precision, inputs_B: Tensor) -> Tensor:
    seed_torch(0)  # Of a network that draws random numbers, the same ones each time.
    with precision.autocast(torch.device("cpu")):
        outputs_B: Tensor = module(inputs_B)
    return outputs_B.to(precision.parameters)


def _backward(task: Task, forward: _Forward, loss_B: Tensor) -> list[str]:
    """Notices of what is not finite at the first step."""
    outputs_B = forward.outputs_B
    parameters = [each for each in forward.module.parameters() if each.requires_grad]
    if not outputs_B.requires_grad:
        raise InputError(
            "outputs must depend on the network's parameters by differentiable functions, but no "
            "gradient passes; detach(), item(), numpy() or no_grad() in its forward cuts it",
            key="network",
        )
    mean = loss_B.mean()
    gradient_B = None
    if loss_B.requires_grad:
        try:
            gradient_B, *gradients = torch.autograd.grad(
                mean, [outputs_B, *parameters], allow_unused=True
            )
        except Exception as error:
            raise InputError(
                f"no gradient can be computed of the loss of task {task.name}: "
                f"{type(error).__name__}: {first_line(error)}",
                key="network",
            ) from error
    if gradient_B is None:
        raise InputError(
            f"the loss of task {task.name} must be differentiable in the outputs, but no gradient "
            "reaches them; a comparison, argmax, round, detach() or item() cuts it",
            key="task",
        )
    computed = [mean, *(each for each in gradients if each is not None)]
    return [] if all(each.isfinite().all() for each in computed) else _not_finite(task, forward)


def _not_finite(task: Task, forward: _Forward) -> list[str]:
    trial = Alone(
        module=forward.module,
        forward=lambda: _outputs(forward.module, forward.precision, forward.inputs_B),
        parameters=dict(forward.module.named_parameters()),
        inputs_B=forward.inputs_B,
        targets_B=forward.targets_B,
        rows_B=forward.rows,
        step=0,
    )
    failure = first_failure(trial, task, find_layers(forward.module, task))
    if failure is None:
        return []
    return [
        f"of task {task.name} {len(forward.rows)} examples from all over the data were tried, "
        f"before any update: {failure.clause}"
    ]
