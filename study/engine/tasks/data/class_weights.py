"""Losses that count rare labels as much as frequent ones."""

from __future__ import annotations

import inspect
from dataclasses import replace

from study.engine.tasks.chance.best_constant import best_constant
from study.engine.tasks.data.weighted import Weighted, label_weights
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
    loss = Weighted(task.loss, *label_weights(task.targets))
    try:
        chance = best_constant(loss, task.predicted).loss
    except DataError as error:
        raise TaskError(f"with balanced weights {error}", parameter=PARAMETER) from error
    return replace(task, loss=loss, loss_chance=chance)


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
