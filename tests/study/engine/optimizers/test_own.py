"""Optimizers of a person's own: one of torch's for each trial, with its scheduler."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from study.engine import Checkpoints, Task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.seeds import module_seed
from tests.study.engine.conftest import make_trial

STEPS = 10
HERE = __name__

Hyperparameters = Mapping[str, Any]


def network(hyperparameters: Hyperparameters, task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(task.features, 16), nn.Tanh(), nn.Linear(16, task.outputs)
    )


def nadam(
    module: nn.Module, hyperparameters: Hyperparameters, steps: int
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Two parameter groups and a scheduler."""
    rate = hyperparameters["learning_rate"]
    groups = [
        {"params": [each for each in module.parameters() if each.ndim > 1], "weight_decay": 0.1},
        {"params": [each for each in module.parameters() if each.ndim == 1], "lr": rate / 2},
    ]
    optimizer = torch.optim.NAdam(groups, lr=rate)
    return optimizer, CosineAnnealingLR(optimizer, steps)


def sgd(module: nn.Module, hyperparameters: Hyperparameters) -> torch.optim.Optimizer:
    values = hyperparameters
    return torch.optim.SGD(module.parameters(), lr=values["learning_rate"], momentum=0.9)


def nothing(module: nn.Module, hyperparameters: Hyperparameters) -> str:
    return "sgd"


def trials(n: int, factory: str, **changes: Any) -> list[Any]:
    common = {"initialization": "torch_default", "init_gain": 1.0, "clip_norm": "none"}
    return [
        make_trial(k, optimizer=f"{HERE}:{factory}", **{**common, **changes}) for k in range(n)
    ]


def test_equals_a_loop_of_ones_own(digits: Task) -> None:
    some = trials(2, "nadam")
    record = train_cohort(some, task=digits, network=network, steps=STEPS)
    trial = some[1]
    torch.manual_seed(module_seed(trial.seed))
    module = network({}, digits).double()
    optimizer, scheduler = nadam(module, trial.hyperparameters, STEPS)
    size = int(trial.hyperparameters["batch_size"])
    order = BatchOrder(
        [trial.seed], examples=digits.examples, batch_size=size, device=torch.device("cpu")
    )
    for step in range(STEPS):
        rows = order.batch(step)[0]
        loss = digits.loss(module(digits.inputs[rows].double()), digits.targets[rows]).mean()
        assert record.loss[1, step] == pytest.approx(loss.item(), rel=1e-9)
        assert record.learning_rate[1, step] == optimizer.param_groups[0]["lr"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()


def test_without_a_scheduler_the_trials_own_schedule_holds(digits: Task) -> None:
    """The same rule as the built-in sgd, so the same numbers, clipping and decay of rates too."""
    changes = {"lr_decay": "cosine", "clip_norm": 0.5, "momentum": 0.9, "weight_decay": 0.0}
    records = [
        train_cohort(
            [make_trial(0, **{**changes, "optimizer": optimizer})],
            task=digits,
            network=network,
            steps=STEPS,
        )
        for optimizer in ("sgd", f"{HERE}:sgd")
    ]
    np.testing.assert_allclose(records[1].loss, records[0].loss, rtol=1e-9)
    np.testing.assert_allclose(records[1].learning_rate, records[0].learning_rate, rtol=1e-12)


def test_trials_that_leave_and_checkpoints_change_nothing(digits: Task, tmp_path: Path) -> None:
    """The middle one of three breaks at once; the others go on, and from a checkpoint too."""
    some = trials(3, "nadam")
    lost = trials(1, "nadam", learning_rate=1e30)[0]
    some[1] = type(lost)(**{**vars(lost), "number": 1})
    together = train_cohort(
        some,
        task=digits,
        network=network,
        steps=STEPS,
        checkpoints=Checkpoints(folder=tmp_path, every_s=0.0),
    )
    alone = train_cohort(some[2:], task=digits, network=network, steps=STEPS)
    assert together.steps_run[1] < STEPS
    np.testing.assert_allclose(together.loss[2], alone.loss[0], rtol=1e-12)


def test_what_is_no_optimizer_is_refused(digits: Task) -> None:
    with pytest.raises(ValueError, match=r"must return a torch.optim.Optimizer.* returned str"):
        train_cohort(trials(1, "nothing"), task=digits, network=network, steps=2)


def test_nobody_is_warned_of_schedulers_that_are_tried(digits: Task) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_cohort(trials(1, "nadam"), task=digits, network=network, steps=2)
