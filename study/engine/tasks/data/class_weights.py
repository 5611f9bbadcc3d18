"""Losses that count rare labels as much as frequent ones.

Axes: N examples, T time steps, C labels.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace

import torch
from torch import Tensor

from study.engine.tasks.chance.best_constant import best_constant
from study.engine.tasks.chance.predicted import PerExample
from study.engine.tasks.data.held import Held
from study.engine.tasks.error import DataError, TaskError
from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task

PARAMETER = "class_weights"
"""The hyperparameter's name."""

MOST_LABELS = 100_000
"""Between the lowest and the highest; integers further apart are counts rather than labels."""


def weighted_task(task: Task) -> Task:
    """Makes the same task with each example's loss weighted inversely to its label's frequency.

    The weight of a label that n of N examples have is N / (C n), C being the labels that there
    are: 1 on average over the examples, and the same for each label in sum. With labels (N, T) of
    a cross-entropy each answer has the weight of its own label. `loss_chance` is that of the
    weighted loss's best constant; the metric stays.

    Args:
        task: Stays as it is.

    Raises:
        TaskError: If targets are no labels, an example of a loss of one's own has several, or
            the loss has no best constant.

    References:
        King and Zeng, Logistic Regression in Rare Events Data, Political Analysis 2001.
    """
    _check(task)
    weights_C, lowest = label_weights(task.targets)
    loss = WeightedLoss(task.loss, weights_C, lowest)
    try:
        chance = best_constant(loss, task.predicted).loss
    except DataError as error:
        raise TaskError(f"with balanced weights {error}", parameter=PARAMETER) from error
    return replace(task, loss=loss, loss_chance=chance)


def label_weights(targets: Tensor) -> tuple[Tensor, int]:
    """Returns weights of the labels from the lowest on, (C,) in float64, and the lowest."""
    labels, counts = targets.unique(return_counts=True)
    lowest = int(labels[0])
    weights_C = torch.zeros(int(labels[-1]) - lowest + 1, dtype=torch.float64)
    weights_C[labels.long() - lowest] = targets.numel() / (len(labels) * counts.double())
    return weights_C, lowest


class WeightedLoss:
    """A loss by example that is multiplied by a weight of the example's label.

    It has name and module of the loss, so that a checkpoint knows when that was changed.

    Args:
        loss: Of examples.
        weights_C: Weights of the labels from the lowest on.
        lowest: The lowest label.
    """

    def __init__(self, loss: PerExample, weights_C: Tensor, lowest: int) -> None:
        functools.update_wrapper(self, loss)
        self._loss = loss
        self._weights_C = Held(weights_C)
        self._lowest = lowest

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        weights = self._weights_C.like(outputs)[labels.long() - self._lowest]
        if labels.ndim > 1 and self._loss is cross_entropy:
            by_answer = cross_entropy(outputs.flatten(0, -2), labels.flatten()).view(labels.shape)
            return (by_answer * weights).flatten(1).mean(dim=1)
        losses = self._loss(outputs, labels)
        return losses * weights.reshape(losses.shape)


def _check(task: Task) -> None:
    targets = task.targets
    rule = ""
    if targets.is_floating_point():
        rule = f"but those of task {task.name} are floating-point numbers"
    elif int(targets.max()) - int(targets.min()) >= MOST_LABELS:
        rule = (
            f"but those of task {task.name} reach from {int(targets.min())} to "
            f"{int(targets.max())}, as counts do"
        )
    if rule:
        raise TaskError(f"targets must be labels to be balanced, {rule}", parameter=PARAMETER)
    if task.targets.numel() > task.examples and inspect.unwrap(task.loss) is not cross_entropy:
        raise TaskError(
            f"an example must have one label for its loss to be weighted, but those of task "
            f"{task.name} have {task.targets[0].numel()}; weight them in the task's loss",
            parameter=PARAMETER,
        )
