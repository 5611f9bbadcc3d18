from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from study.engine import CohortRecord, Task, train_cohort
from study.first_failure import FirstFailure
from study.trial import Trial

X = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(1)


def a_task(**changes: Any) -> Task:
    """Three numbers and their sum."""
    fields = {
        "name": "sums",
        "inputs": X,
        "targets": X.sum(1, keepdim=True),
        "outputs": 1,
        "loss": squared,
        "metric": lambda outputs, targets: outputs[:, 0].detach(),
        "metric_name": "loss",
        "chance": 1.0,
        "ceiling": 0.0,
        "target": 0.1,
        "loss_chance": 1.0,
    }
    return Task(**{**fields, **changes})


def linear(hyperparameters: Any, task: Task) -> nn.Module:
    return nn.Linear(task.features, task.outputs, bias=False)


def network_of(build: Callable[[], nn.Module]) -> Any:
    return lambda hyperparameters, task: build()


def a_trial(number: int = 0, **hyperparameters: Any) -> Trial:
    values = {"batch_size": 32, "initialization": "torch_default", "learning_rate": 0.01}
    return Trial(
        number=number,
        configuration=number,
        seed=number,
        hyperparameters={"optimizer": "sgd", **values, **hyperparameters},
    )


def train(
    task: Task,
    network: Any = linear,
    *,
    trials: list[Trial] | None = None,
    steps: int = 20,
    **options: Any,
) -> CohortRecord:
    return train_cohort(trials or [a_trial()], task=task, network=network, steps=steps, **options)


def failure_of(record: CohortRecord, index: int = 0) -> FirstFailure:
    failure = record.first_failure[index]
    assert failure is not None
    return failure
