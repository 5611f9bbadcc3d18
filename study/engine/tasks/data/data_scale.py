"""How large a task's numbers are, and whether networks start where theory expects them to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine.tasks.data.outliers import outliers
from study.engine.tasks.task import Task

FAR = 10.0
"""Factor from which a root mean square counts as far from 1.

Initializations keep the second moment of the inputs, and thereby begin with outputs of order 1.
Ten times that saturates tanh and sigmoid units, whose derivative at 10 is below 1e-4.
"""


@dataclass(frozen=True, kw_only=True)
class DataScale:
    """Attributes:
    mean: Over all numbers of all examples.
    std: The same, of the population.
    low: The smallest number.
    high: The largest number.
    integers: Whether they are kept as integers: labels or tokens.
    """

    mean: float
    std: float
    low: float
    high: float
    integers: bool

    @property
    def rms(self) -> float:
        """Root mean square, >= 0."""
        return math.hypot(self.mean, self.std)


def data_scale(values: Tensor) -> DataScale:
    """The scale of all numbers of a tensor that is not empty."""
    numbers = values if values.is_floating_point() else values.double()
    std, mean = torch.std_mean(numbers, correction=0)
    return DataScale(
        mean=float(mean),
        std=float(std),
        low=float(values.min()),
        high=float(values.max()),
        integers=not values.is_floating_point(),
    )


def _cure(what: str, values: Tensor) -> str:
    """The cure of a scale: what it comes from, where few numbers make it."""
    few = outliers(values)
    if few is None:
        return f"`standardize: {what}` under hyperparameters brings them there"
    return (
        f"{few}: replace or leave out what is a code for a missing value or a slip; "
        f"`standardize: {what}` would press all others together"
    )


def _by_column(inputs: Tensor) -> str:
    """Names the column of a table that is largest, where another is far from it."""
    if inputs.ndim != 2:
        return ""
    rms = inputs.double().square().mean(dim=0).sqrt()
    if not float(rms.max()) > FAR * float(rms.min()):
        return ""
    return f" ({float(rms.max()):.3g} in column {int(rms.argmax())}, counted from 0)"


def scale_notices(task: Task) -> list[str]:
    """What a person should know of inputs or targets that are far from order 1.

    Small targets are none of it: shares and one-hot vectors are small by nature.
    """
    found = []
    if task.inputs.is_floating_point():
        inputs = data_scale(task.inputs)
        if not 1 / FAR <= inputs.rms <= FAR:
            found.append(
                f"inputs of task {task.name} have a root mean square of {inputs.rms:.3g}"
                f"{_by_column(task.inputs)}, where "
                f"initializations expect 1: {_cure('inputs', task.inputs)}"
            )
    if task.targets.is_floating_point():
        targets = data_scale(task.targets)
        if targets.rms > FAR:
            found.append(
                f"targets of task {task.name} have a mean of {targets.mean:.3g} and a standard "
                f"deviation of {targets.std:.3g}, where a network's first outputs are of order 1: "
                f"{_cure('targets', task.targets)}"
            )
    return found
