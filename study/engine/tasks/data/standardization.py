"""Inputs and targets of mean 0 and variance 1.

Axes: N examples, F columns.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from study.engine.tasks.chance.best_constant import best_constant
from study.engine.tasks.chance.levels import LossExplained
from study.engine.tasks.chance.predicted import PerExample
from study.engine.tasks.data.held import Held
from study.engine.tasks.error import DataError, TaskError
from study.engine.tasks.task import Task

_NAME = "standardize"


def standardized(inputs: Tensor) -> Tensor:
    """Returns the same tensor with mean 0 and variance 1 over all of its numbers.

    Raises:
        ValueError: If all numbers are equal.
    """
    std = inputs.std()
    if not std > 0:
        raise ValueError("inputs must differ, but all of their numbers are equal")
    return (inputs - inputs.mean()) / std


def standardized_task(task: Task, which: Literal["inputs", "targets", "both"]) -> Task:
    """Makes the same task with inputs, targets or both of mean 0 and variance 1.

    A table (N, F) is standardized by column, anything else as a whole, for a pixel may be the
    same in all images. Columns of equal numbers become 0. With standardized targets the loss
    compares outputs and targets in standardized units, and `loss_chance` is that of its best
    constant; the metric sees both in the units that they had, so that `chance`, `ceiling` and
    `target` stay what they are.

    Args:
        task: Stays as it is.
        which: What to standardize.

    Raises:
        TaskError: If that is token numbers or labels, all numbers of it are equal, the outputs
            are not in the units of the targets, or the loss has no best constant.
    """
    if which in ("inputs", "both"):
        task = _with_inputs(task)
    if which in ("targets", "both"):
        task = _with_targets(task)
    return task


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """What data is moved and divided by: () for all numbers, or (F,) by column."""

    mean: Tensor
    std: Tensor

    def of(self, values: Tensor) -> Tensor:
        """The values in units of the scale."""
        return ((values.double() - self.mean) / self.std).to(values.dtype)


def _with_inputs(task: Task) -> Task:
    if task.vocabulary is not None or not task.inputs.is_floating_point():
        kind = "integers" if task.vocabulary is None else "token numbers"
        raise TaskError(
            f"inputs must be floating-point numbers to be standardized, but those of task "
            f"{task.name} are {kind}",
            parameter=_NAME,
        )
    scale = _scale(task.name, "inputs", task.inputs, by_column=task.inputs.ndim == 2)
    held_out = task.validation
    if held_out is not None:
        held_out = scale.of(held_out[0]), held_out[1]
    return replace(task, inputs=scale.of(task.inputs), validation=held_out)


def _with_targets(task: Task) -> Task:
    if not task.targets.is_floating_point():
        raise TaskError(
            f"targets must be floating-point numbers to be standardized, but those of task "
            f"{task.name} are labels",
            parameter=_NAME,
        )
    _check_outputs(task)
    table = task.targets.ndim == 2 and task.output_at == "example"
    scale = _scale(task.name, "targets", task.targets, by_column=table)
    targets = scale.of(task.targets)
    try:
        chance = best_constant(task.loss, replace(task.predicted, targets=targets)).loss
    except DataError as error:
        raise TaskError(f"with standardized targets {error}", parameter=_NAME) from error
    # The share of the loss that is explained has no units.
    metric = (
        LossExplained(loss=task.loss, loss_chance=chance)
        if isinstance(task.metric, LossExplained)
        else _in_own_units(task.metric, scale)
    )
    held_out = task.validation
    if held_out is not None:
        held_out = held_out[0], scale.of(held_out[1])
    return replace(task, targets=targets, metric=metric, loss_chance=chance, validation=held_out)


def _scale(name: str, what: str, values: Tensor, *, by_column: bool) -> _Scale:
    numbers = values.double() if by_column else values.double().reshape(-1, 1)
    std, mean = torch.std_mean(numbers, dim=0, correction=0)
    # Of equal numbers rounding makes a tiny deviation, which would blow up what is left of them.
    equal = numbers.amax(dim=0) == numbers.amin(dim=0)
    if equal.all():
        each = "each column of them" if by_column and len(equal) > 1 else "all of them"
        raise TaskError(
            f"{what} must differ to be standardized, but in task {name} {each} is one number",
            parameter=_NAME,
        )
    std, mean = std.masked_fill(equal, 1.0), torch.where(equal, numbers[0], mean)
    return _Scale(mean=mean, std=std) if by_column else _Scale(mean=mean[0], std=std[0])


def _in_own_units(metric: PerExample, scale: _Scale) -> PerExample:
    mean, std = Held(scale.mean), Held(scale.std)

    @functools.wraps(metric)
    def in_own_units(outputs: Tensor, targets: Tensor) -> Tensor:
        restored = (each * std.like(each) + mean.like(each) for each in (outputs, targets))
        return metric(*restored)

    return in_own_units


def _check_outputs(task: Task) -> None:
    """What else outputs are, a variance for instance, has no such units."""
    asked = task.outputs
    if task.output_at == "time_step":
        asked *= task.targets.shape[1]
    given = math.prod(task.targets.shape[1:])
    if asked != given:
        raise TaskError(
            f"outputs must be in the units of the targets for these to be standardized, but task "
            f"{task.name} has {asked} outputs and {given} targets an example; standardize them "
            "where the task is made",
            parameter=_NAME,
        )
