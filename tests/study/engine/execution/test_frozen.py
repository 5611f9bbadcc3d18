"""Parameters that a module freezes: no step changes them, and all others train as ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NetworkError, Task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.seeds import module_seed
from tests.study.engine.conftest import make_trial

STEPS = 12


def frozen_first(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    network = nn.Sequential(
        *(nn.Flatten(), nn.Linear(task.features, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh()),
        nn.Linear(24, task.outputs),
    )
    for parameter in network[1].parameters():
        parameter.requires_grad_(False)
    return network


def all_frozen(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return frozen_first(hyperparameters, task).requires_grad_(False)


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_frozen_layer_is_constant_to_the_bit(
    digits: Task, execution: str, optimizer: str
) -> None:
    trials = [make_trial(n, optimizer=optimizer, weight_decay=0.1) for n in range(3)]
    record = train_cohort(
        trials, task=digits, network=frozen_first, steps=STEPS, execution=execution
    )
    weights_KxRxL = record.by_layer["weight_rms"]
    assert [layer.frozen for layer in record.layers] == [True, False, False]
    assert np.ptp(weights_KxRxL[:, :, 0], axis=1).tolist() == [0.0, 0.0, 0.0]
    assert (np.ptp(weights_KxRxL[:, :, 1:], axis=1) > 0).all()
    # Each trial has the frozen layer that its own seed drew; nothing was measured backwards.
    assert len(set(weights_KxRxL[:, 0, 0])) == 3
    assert np.isnan(record.by_layer["weight_grad_rms"][:, :, 0]).all()
    assert np.isnan(record.by_layer["delta_rms"][:, :, 0]).all()


def test_the_rest_trains_as_in_a_plain_loop(digits: Task) -> None:
    trial = make_trial(
        1, initialization="torch_default", init_gain=1.0, clip_norm="none", lr_decay="constant"
    )
    record = train_cohort(
        [trial], task=digits, network=frozen_first, steps=STEPS, execution="vectorized"
    )
    torch.manual_seed(module_seed(trial.seed))
    network = frozen_first({}, digits).double()
    values = trial.hyperparameters
    optimizer = torch.optim.SGD(
        [each for each in network.parameters() if each.requires_grad],
        lr=float(values["learning_rate"]),
        momentum=float(values["momentum"]),
        weight_decay=float(values["weight_decay"]),
    )
    size = int(values["batch_size"])
    order = BatchOrder(
        [trial.seed], examples=digits.examples, batch_size=size, device=torch.device("cpu")
    )
    for step in range(STEPS):
        rows = order.batch(step)[0]
        loss = digits.loss(network(digits.inputs[rows].double()), digits.targets[rows]).mean()
        assert record.loss[0, step] == pytest.approx(loss.item(), rel=1e-9)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_a_network_without_anything_to_train_is_refused(digits: Task) -> None:
    with pytest.raises(NetworkError, match="requires_grad is False for all 6 of them"):
        train_cohort([make_trial(0)], task=digits, network=all_frozen, steps=2)
