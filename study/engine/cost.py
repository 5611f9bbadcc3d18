"""What a trial costs before it is trained: parameters, arithmetic, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.execution import module_traits
from study.engine.execution.losses import CohortLoss
from study.engine.layers import Layer, build_network, find_layers
from study.engine.networks import NetworkFactory
from study.engine.precision import PRECISIONS
from study.engine.tasks.task import Task

COPIES = 4
"""Of the parameters: themselves, the gradient, and at recorded steps the old and the change."""

OPTIMIZER_STATES = 2
"""Tensors of the parameters' size that an optimizer keeps, at most (Adam)."""

PEAK = 2.0
"""Memory at the height of the backward pass over what the forward pass kept: gradients of the
activations, and what an operation needs while it runs."""

TRIED = 2
"""Trials, and examples of each, on which the memory of the forward pass is measured."""


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """Attributes:
    parameters: Number of trainable numbers.
    flops_per_step: Multiplications and additions of one forward and backward pass.
    memory_bytes: Memory that one more trial of a cohort takes.
    notice: Why trials of this network cannot be trained at once, if they cannot.
    """

    parameters: int
    flops_per_step: float
    memory_bytes: float
    notice: str | None = None


def trial_cost(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task
) -> TrialCost:
    """Estimates the cost of a trial, from its network, which is built once and tried.

    A weight of n numbers applied at p positions of B examples takes 2npB operations forward and
    twice that backward. The memory of the forward pass is what autograd keeps of it, measured
    on a few examples.

    Raises:
        NetworkError: If the network cannot be built or does not fit the task.
    """
    module = build_network(network, hyperparameters, task)
    torch.func.replace_all_batch_norm_modules_(module)
    layers = find_layers(module, task)
    traits = module_traits(module, task)
    sizes = {name: value.numel() for name, value in module.named_parameters()}
    looked_up = {name for name, child in module.named_modules() if isinstance(child, nn.Embedding)}
    multiplied = [layer for layer in layers if layer.name not in looked_up]
    batch = int(hyperparameters["batch_size"])
    width = PRECISIONS[str(hyperparameters.get("dtype", "float32"))].parameters.itemsize
    parameters = sum(sizes.values())
    per_example = 2.0 * width * _outputs(module, layers)  # Activations and deltas, when observed.
    if traits.obstacle is None:
        # One after another, trials share the memory of the forward pass.
        per_example += kept_numbers(module, task) * width
    return TrialCost(
        parameters=parameters,
        flops_per_step=sum(
            6.0 * sizes[layer.weight] * layer.positions * batch for layer in multiplied
        ),
        memory_bytes=float(
            width * (COPIES + OPTIMIZER_STATES) * parameters + PEAK * batch * per_example
        ),
        notice=traits.notice,
    )


def kept_numbers(module: nn.Module, task: Task) -> float:
    """Numbers that autograd keeps of one example of one trial until the backward pass.

    Args:
        module: On the CPU; it must run under vmap.
        task: Gives the inputs.
    """
    parameters = {
        name: torch.stack([value.detach()] * TRIED).requires_grad_()
        for name, value in module.named_parameters()
    }
    inputs = task.inputs[:TRIED]
    example = next(iter(parameters.values()))
    if inputs.is_floating_point():
        inputs = inputs.to(example.dtype)
    given = {value.untyped_storage().data_ptr() for value in (inputs, *parameters.values())}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        inputs_KxB = inputs.expand(TRIED, *inputs.shape)
        outputs = CohortLoss(module, task).outputs(parameters, inputs_KxB)
    # While `outputs` lives, so does what was kept: no address is used twice.
    examples = TRIED * outputs.shape[1]
    return sum(kept.values()) / example.itemsize / examples


def _outputs(module: nn.Module, layers: tuple[Layer, ...]) -> int:
    """Numbers that all layers give for one example."""
    widths = {name: value.shape[0] for name, value in module.named_parameters() if value.ndim > 1}
    return sum(widths[layer.weight] * layer.positions for layer in layers)
