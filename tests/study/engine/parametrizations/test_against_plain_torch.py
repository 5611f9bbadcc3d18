"""mup and depth_mup against plain torch, with parameter groups written out by name.

Scales and groups here are those of Yang et al. 2022, table 3, and Yang et al. 2023, table 1, for
networks four times as wide (and twice as deep) as their base.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NETWORKS, Task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.trial import Trial
from tests.study.engine.networks.sequence_cohorts import tokens
from tests.study.engine.reference import initial_network

M, DEPTH, STEPS, RATE = 4.0, 2.0, 8, 0.02

COMMON: Mapping[str, Any] = {
    "width": 32,
    "depth": 4,
    "activation": "tanh",
    "learning_rate": RATE,
    "batch_size": 16,
    "dtype": "float64",
}
NETWORK: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"initialization": "he_normal", "residual_scale": 1.0},
    "mlp_residual": {"connections": "residual", "residual_scale": 0.7},
    "transformer": {"heads": 2, "residual_scale": 1.0, "normalization": "layer"},
}
OPTIMIZER: Mapping[str, Mapping[str, Any]] = {
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
}
MUP = {"parametrization": "mup", "base_width": 8}
DEPTH_MUP = {"parametrization": "depth_mup", "base_width": 8, "base_depth": 2}


def trial_of(network: str, optimizer: str, **overrides: Any) -> Trial:
    values = {**COMMON, **NETWORK[network], **OPTIMIZER[optimizer], **overrides}
    return Trial(number=0, configuration=0, seed=3, hyperparameters=values)


def kind_of(name: str) -> str:
    if name.startswith("output"):
        return "output" if name.endswith("weight") else "fixed"
    layer, _, leaf = name.rpartition(".")
    first = layer in ("hidden_1", "hidden.1.linear", "embedding", "steps.embedding")
    vector = leaf == "bias" or "normalization" in layer
    return "input" if first or vector else "hidden"


def in_branch(name: str) -> bool:
    return name.startswith(("hidden.2", "hidden.3", "hidden.4", "block_"))


def plain_losses(network: str, optimizer: str, deep: bool, task: Task) -> list[float]:
    trial = trial_of(network, optimizer)
    own = initial_network(trial, task, torch.float64, network.partition("_")[0])
    rates = {"input": M, "hidden": 1.0, "output": 1 / M, "fixed": 1.0}
    if optimizer == "adamw":
        rates = {"input": 1.0, "hidden": 1 / M, "output": 1 / M, "fixed": 1.0}
    groups = []
    for name, parameter in own.named_parameters():
        factor = rates[kind_of(name)]
        if deep and optimizer == "adamw" and in_branch(name):
            factor /= math.sqrt(DEPTH)
        decay = float(trial.hyperparameters["weight_decay"]) / factor  # lr * decay is the trial's.
        groups.append({"params": [parameter], "lr": RATE * factor, "weight_decay": decay})
    with torch.no_grad():
        own.get_submodule("output").weight.mul_(1 / math.sqrt(M))  # type: ignore[operator]
    for module in own.modules():
        if deep and hasattr(module, "_scale"):
            module._scale = module._scale / math.sqrt(DEPTH)  # type: ignore[assignment, operator]
        if hasattr(module, "_divisor"):  # Heads of 16 numbers, the base's of 4.
            module._divisor = 16 / math.sqrt(4)  # type: ignore[assignment]
    steps = torch.optim.SGD(groups, lr=RATE, momentum=0.9) if optimizer == "sgd" else None
    order = BatchOrder([3], examples=task.examples, batch_size=16, device=torch.device("cpu"))
    return losses_of(own, steps or torch.optim.AdamW(groups), order, task)


def losses_of(
    network: nn.Module, optimizer: torch.optim.Optimizer, order: BatchOrder, task: Task
) -> list[float]:
    losses = []
    for step in range(STEPS):
        rows = order.batch(step)[0]
        inputs = task.inputs[rows]
        outputs = network(inputs.double() if inputs.is_floating_point() else inputs)
        loss = task.loss(outputs, task.targets[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("optimizer", OPTIMIZER)
@pytest.mark.parametrize(
    ("network", "deep"),
    [("mlp", False), ("mlp_residual", True), ("transformer", False), ("transformer", True)],
)
def test_equals_parameter_groups_of_plain_torch(
    digits: Task, network: str, deep: bool, optimizer: str
) -> None:
    task = tokens(time_step=False) if network == "transformer" else digits
    trial = trial_of(network, optimizer, **(DEPTH_MUP if deep else MUP))
    own = NETWORKS[network.partition("_")[0]]
    ways = ("fused", "chain", "vectorized") if network == "mlp" else ("vectorized",)
    expected = plain_losses(network, optimizer, deep, task)
    for way in ways:
        record = train_cohort(
            [trial, trial],
            task=task,
            network=own,
            steps=STEPS,
            execution=way,
        )
        np.testing.assert_allclose(record.loss[0], expected, rtol=1e-10)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "transformer" else name
        for name in NETWORK
    ],
)
@pytest.mark.parametrize("optimizer", OPTIMIZER)
def test_at_the_base_it_is_the_standard_one_to_the_bit(
    digits: Task, network: str, optimizer: str
) -> None:
    task = tokens(time_step=False) if network == "transformer" else digits
    base = {"base_width": 32, "base_depth": 4}
    names = ["standard", "mup"] if network == "mlp" else ["standard", "mup", "depth_mup"]
    losses = [
        train_cohort(
            [trial_of(network, optimizer, parametrization=name, **base)],
            task=task,
            network=NETWORKS[network.partition("_")[0]],
            steps=STEPS,
        ).loss
        for name in names
    ]
    for others in losses[1:]:
        np.testing.assert_array_equal(losses[0], others)
