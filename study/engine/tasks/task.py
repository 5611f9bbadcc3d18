"""What a network is asked to learn, and what counts as having learned it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from study.engine.tasks.measures import correct, cross_entropy
from study.engine.tasks.predicted import PerExample
from study.engine.tasks.task_data import check_inputs, check_labels


@dataclass(frozen=True, kw_only=True)
class Task:
    """A data set with its loss and its measure of success.

    Attributes:
        name: For messages.
        inputs: All training inputs, (N, ...); floating ones are cast to a trial's dtype.
        targets: All training targets, (N, ...).
        outputs: Size of the last axis of what a network must return.
        loss: Losses by example, differentiable in the outputs; their mean is minimized.
        metric: Success by example; its mean over a batch is reported.
        metric_name: Name of that mean for people ("accuracy").
        chance: The metric of the best constant prediction.
        ceiling: The best metric that the task allows.
        target: From this metric on a trial counts as trained.
        loss_chance: The loss of the best constant prediction.
        vocabulary: Where inputs are token numbers (N, T), how many tokens there are; else None.
        output_at: Whether a network answers once for an example, (N, outputs), or at each of
            its time steps, (N, T, outputs).

    Raises:
        ValueError: If inputs and targets differ in length, or chance equals the ceiling.
    """

    name: str
    inputs: Tensor
    targets: Tensor
    outputs: int
    loss: PerExample
    metric: PerExample
    metric_name: str
    chance: float
    ceiling: float
    target: float
    loss_chance: float
    vocabulary: int | None = None
    output_at: Literal["example", "time_step"] = "example"

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets) or len(self.inputs) == 0:
            raise ValueError(
                f"task {self.name} must have as many targets as inputs, at least one, but got "
                f"{len(self.inputs)} inputs and {len(self.targets)} targets"
            )
        if self.chance == self.ceiling:
            raise ValueError(
                f"`chance != ceiling` must hold for task {self.name}, but both are {self.chance}"
            )

    @property
    def examples(self) -> int:
        """Number of training examples, N."""
        return len(self.inputs)

    @property
    def features(self) -> int:
        """Numbers in one input."""
        return math.prod(self.inputs.shape[1:])


def classification(
    name: str,
    inputs: Tensor,
    labels: Tensor,
    *,
    classes: int,
    target: float,
    vocabulary: int | None = None,
) -> Task:
    """Makes a task of labels: cross-entropy, accuracy, chance as the most frequent label.

    Args:
        name: For messages.
        inputs: (N, ...).
        labels: (N,), or (N, T) with one at each time step; integers in [0, classes).
        classes: Number of labels.
        target: Accuracy from which a trial counts as trained.
        vocabulary: Number of tokens where inputs are token numbers.

    Raises:
        ValueError: If an input is not finite, or a label or token is out of range; with the
            offending values and rows.
    """
    check_inputs(name, inputs, vocabulary=vocabulary)
    check_labels(name, labels, classes=classes)
    shares = torch.bincount(labels.flatten(), minlength=classes).double() / labels.numel()
    return Task(
        name=name,
        inputs=inputs,
        targets=labels,
        vocabulary=vocabulary,
        output_at="example" if labels.ndim == 1 else "time_step",
        outputs=classes,
        loss=cross_entropy,
        metric=correct,
        metric_name="accuracy",
        chance=float(shares.max()),
        ceiling=1.0,
        target=target,
        loss_chance=float(torch.special.entr(shares).sum()),
    )
