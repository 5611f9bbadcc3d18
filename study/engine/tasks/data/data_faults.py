"""What a task's data lack: a scale that networks start from, or balance between labels.

Axes: F columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.tasks.data.data_scale import data_scale
from study.engine.tasks.task import Task

OFF_SCALE = 0.1
"""From where on numbers do not count as standardized: a mean or a change of the standard deviation
of this size."""

COLUMN_OFF_SCALE = 3.0
"""Size of a column's mean or standard deviation from which a table is not standardized, though all
of its numbers together are."""

UNBALANCED = 2.0
"""Times as frequent as the rarest label the most frequent one is, from where on weights matter."""


def standardizable(task: Task) -> tuple[str, ...]:
    """Returns the values of the hyperparameter `standardize` that would change something.

    Shares, one-hot codes and images between 0 and 1 are targets as they ought to be.

    Args:
        task: With inputs and targets as they are without it.
    """
    inputs = _is_off(task.inputs)
    targets = _is_off(task.targets) and float(task.targets.abs().max()) > 1
    names = {"inputs": inputs, "targets": targets, "both": inputs and targets}
    return tuple(name for name, holds in names.items() if holds)


def is_unbalanced(task: Task) -> bool:
    """Returns whether the targets are labels, one of them much more frequent than another."""
    if task.targets.is_floating_point():
        return False
    counts = task.targets.unique(return_counts=True)[1]
    return bool(counts.max() >= UNBALANCED * counts.min())


def _is_off(values: Tensor) -> bool:
    if not values.is_floating_point():
        return False
    scale = data_scale(values)
    if abs(scale.mean) > OFF_SCALE or abs(scale.std - 1) > OFF_SCALE:
        return scale.std > 0
    if values.ndim != 2:
        return False
    std_F, mean_F = torch.std_mean(values, dim=0, correction=0)
    return float(torch.maximum(std_F, mean_F.abs()).max()) > COLUMN_OFF_SCALE
