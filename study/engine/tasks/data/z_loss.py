"""Losses that keep logits from drifting away.

Axes: N examples, T time steps, C labels.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace

from torch import Tensor

from study.engine.tasks.chance.predicted import PerExample
from study.engine.tasks.error import TaskError
from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task


def with_z_loss(task: Task, coefficient: float) -> Task:
    """Makes the same task with `coefficient` times ln(Z)^2 added to each answer's cross-entropy.

    Z is the sum of exp over the logits. A shift of all logits changes no probability, so that
    nothing in the cross-entropy keeps them near 0. `loss_chance` stays: the best constant answer
    can be shifted to ln Z = 0.

    Args:
        task: Stays as it is.
        coefficient: > 0; 1e-4 in the works below.

    Raises:
        TaskError: If the task's loss is not the cross-entropy of logits.

    References:
        Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, 2022, section 5. Wortsman
        et al., Small-scale proxies for large-scale Transformer training instabilities, 2023.
    """
    if inspect.unwrap(task.loss) is not cross_entropy:
        raise TaskError(
            f"the loss must be the cross-entropy of logits, but that of task {task.name} is its "
            "own; add the term to it there",
            parameter="z_loss",
        )
    return replace(task, loss=ZLoss(task.loss, coefficient))


class ZLoss:
    """A loss by example with `coefficient` ln(Z)^2 added, mean over an example's answers.

    It has name and module of the loss, so that a checkpoint knows when that was changed.
    """

    def __init__(self, loss: PerExample, coefficient: float) -> None:
        functools.update_wrapper(self, loss)
        self._loss = loss
        self._coefficient = coefficient

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Computes it for (N, C) and (N,), or (N, T, C) and (N, T) -> (N,)."""
        squares = outputs.logsumexp(dim=-1).square()
        by_example = squares if squares.ndim == 1 else squares.flatten(1).mean(dim=1)
        return self._loss(outputs, labels) + self._coefficient * by_example
