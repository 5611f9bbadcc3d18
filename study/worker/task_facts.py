"""What the trials table says of the task's data."""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine import Task
from study.engine.tasks.data.data_scale import data_scale
from study.engine.tasks.data.weighted import Weighted

EXAMPLES = 4096
"""Examples, spread evenly over the data, that are looked at."""


def task_facts(task: Task) -> dict[str, float | None]:
    """Returns `input_rms`, `target_rms`, `majority_share` and `signal`, None without a meaning.

    In a table of numbers (N, F) the scale is that of its largest column, which a network feels
    first. Where losses are weighted by label, no label is the answer of most of the loss.
    """
    inputs, targets = _some(task.inputs), _some(task.targets)
    return {
        "input_rms": _rms(inputs),
        "target_rms": _rms(targets),
        "majority_share": None if _has_no_majority(task) else _majority(targets),
        "signal": task.signal,
    }


def _some(values: Tensor) -> Tensor:
    return values[:: max(1, len(values) // EXAMPLES)]


def _rms(values: Tensor) -> float | None:
    if not values.is_floating_point():
        return None
    if values.ndim != 2:
        return data_scale(values).rms
    return float(values.double().square().mean(dim=0).max().sqrt())


def _has_no_majority(task: Task) -> bool:
    own = task.feed is not None or isinstance(task.loss, Weighted)
    return own or task.targets.is_floating_point()


def _majority(labels: Tensor) -> float:
    counts = torch.unique(labels, return_counts=True)[1]
    return int(counts.max()) / labels.numel()
