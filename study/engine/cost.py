"""What a trial costs before it is trained: parameters, arithmetic, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from study.engine.layers import build_network, find_layers
from study.engine.networks import NetworkFactory
from study.engine.tasks.task import Task

BYTES = {"float32": 4, "float64": 8, "bfloat16": 4}


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """Attributes:
    parameters: Number of trainable numbers.
    flops_per_step: Multiplications and additions of one forward and backward pass.
    memory_bytes: Parameters with gradient, momentum and one copy, and the activations kept for
        the backward pass.
    """

    parameters: int
    flops_per_step: float
    memory_bytes: float


def trial_cost(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task
) -> TrialCost:
    """Cost of a trial, from the shapes of its network, which is built once and tried.

    A weight of n numbers applied at p positions of B examples takes 2npB operations forward and
    twice that backward.

    Raises:
        NetworkError: If the network cannot be built or does not fit the task.
    """
    module = build_network(network, hyperparameters, task)
    layers = find_layers(module, task)
    sizes = {name: value.numel() for name, value in module.named_parameters()}
    widths = {name: value.shape[0] for name, value in module.named_parameters() if value.ndim > 1}
    batch = hyperparameters["batch_size"]
    flops = sum(6.0 * sizes[layer.weight] * layer.positions * batch for layer in layers)
    kept = sum(3 * widths[layer.weight] * layer.positions * batch for layer in layers)
    width_bytes = BYTES[hyperparameters.get("dtype", "float32")]
    parameters = sum(sizes.values())
    return TrialCost(
        parameters=parameters,
        flops_per_step=flops,
        memory_bytes=float(width_bytes * (4 * parameters + kept)),
    )
