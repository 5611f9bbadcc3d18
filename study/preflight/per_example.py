"""Whether a task's loss and metric are what they must be: one number an example, of its own.

Axes: B tried examples.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from search_spaces.errors import InputError
from study.engine import Task
from study.engine.tasks.chance.cures import reduction_cure, shape_cure
from study.errors import first_line

RELATIVE, ABSOLUTE = 1e-3, 1e-5
"""What a loss may differ by when it is computed with fewer examples beside it: rounding."""


def called(
    task: Task, what: Literal["loss", "metric"], outputs_B: Tensor, targets_B: Tensor
) -> Tensor:
    """The task's loss or metric by example, (B,).

    Raises:
        InputError: If it raises, or returns something else than one floating number an example.
    """
    function = task.loss if what == "loss" else task.metric
    shapes = f"outputs {tuple(outputs_B.shape)} and targets {tuple(targets_B.shape)}"
    try:
        values = function(outputs_B, targets_B)
    except Exception as error:
        raise InputError(
            f"the {what} of task {task.name} cannot be computed from {shapes}: "
            f"{type(error).__name__}: {first_line(error)}{shape_cure(outputs_B, targets_B)}",
            key="task",
        ) from error
    examples = len(outputs_B)
    if not isinstance(values, Tensor) or values.numel() != examples:
        got = f"shape {tuple(values.shape)}" if isinstance(values, Tensor) else repr(values)
        raise InputError(
            f"the {what} of task {task.name} must be one number an example, ({examples},), but "
            f"from {shapes} it has {got}"
            + (shape_cure(outputs_B, targets_B) or reduction_cure(values)),
            key="task",
        )
    if not values.is_floating_point():
        raise InputError(
            f"the {what} of task {task.name} must be floating-point numbers, but it has "
            f"{values.dtype}; .float() makes them so",
            key="task",
        )
    return values.reshape(examples)


def mixing_notice(
    task: Task, what: Literal["loss", "metric"], outputs_B: Tensor, targets_B: Tensor
) -> str | None:
    """What to know of a loss or metric that depends on the other examples of its batch.

    Targets (N,) under outputs (N, 1) broadcast to (N, N): each output is then compared with every
    target, and the best answer is their mean. Half of the examples tell: beside fewer others
    their losses would not be the same.
    """
    half = len(outputs_B) // 2
    if half == 0:
        return None
    whole = called(task, what, outputs_B, targets_B)
    if not _same(whole, called(task, what, outputs_B, targets_B)):
        return None  # It draws random numbers: a difference says nothing.
    if _same(whole[:half], called(task, what, outputs_B[:half], targets_B[:half])):
        return None
    cure = shape_cure(outputs_B, targets_B) or (
        "; compute it from the example's own outputs and targets, for trials that are trained "
        "together are computed together"
    )
    return (
        f"the {what} of an example of task {task.name} depends on the other examples beside it, "
        f"from outputs {tuple(outputs_B.shape)} and targets {tuple(targets_B.shape)}{cure}"
    )


def _same(values: Tensor, others: Tensor) -> bool:
    return torch.allclose(values, others, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
