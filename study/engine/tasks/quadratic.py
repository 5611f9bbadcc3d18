"""A quadratic of given eigenvalues: where the stability limits of update rules are exact."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from study.engine.tasks.error import TaskError
from study.engine.tasks.task import Task

TARGET_SHARE = 0.01
"""Of the loss at chance. A step size within the stable limit gets there unless it is tiny."""


def quadratic(*, eigenvalues: list[float]) -> Task:
    """The loss 1/2 sum_i lambda_i w_i^2 of a network `linear` that sees all examples at once.

    Example i of the N is sqrt(N lambda_i) e_i, its target 0, its loss half the squared output; so
    with `batch_size` N the mean loss of an output w . x is the quadratic itself, whose Hessian is
    diagonal with the given eigenvalues. Smaller batches give stochastic gradients of it.

    As chance level serves the mean loss of weights drawn from N(0, 1 / N), which is what
    `initialization: mean_field` draws; the constant prediction 0 would be perfect here.

    Args:
        eigenvalues: Positive and finite, one for each weight.

    Raises:
        TaskError: If there is none, or one is not positive.
    """
    if not eigenvalues or not all(0 < each < math.inf for each in eigenvalues):
        raise TaskError(
            f"must be a list of positive numbers, but got {eigenvalues}", parameter="eigenvalues"
        )
    values = torch.tensor(eigenvalues, dtype=torch.float64)
    at_random = float(values.mean()) / 2
    return Task(
        name="quadratic",
        inputs=torch.diag((len(values) * values).sqrt()),
        targets=torch.zeros(len(values), 1, dtype=torch.float64),
        outputs=1,
        loss=half_square,
        metric=half_square,
        metric_name="loss",
        chance=at_random,
        ceiling=0.0,
        target=TARGET_SHARE * at_random,
        loss_chance=at_random,
    )


def half_square(outputs: Tensor, targets: Tensor) -> Tensor:
    """Half of the squared error, (N, 1) twice -> (N,)."""
    return 0.5 * (outputs - targets).square().sum(dim=-1)
