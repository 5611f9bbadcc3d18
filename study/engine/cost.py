"""What a trial costs before it is trained: parameters, arithmetic, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.execution import module_traits
from study.engine.execution.losses import CohortLoss
from study.engine.initializations import frozen_parameters
from study.engine.layers import Layer, find_layers
from study.engine.networks import NetworkFactory
from study.engine.networks.building import build_network
from study.engine.precision import PRECISIONS
from study.engine.tasks.task import Task

COPIES = 4
"""Of the parameters: themselves, the gradient, and at recorded steps the old and the change."""

LEAST_COPIES = 3
"""Of the parameters: themselves, the gradient, and one of the changes at recorded steps."""

OPTIMIZER_STATES = 2
"""Tensors of the parameters' size that an optimizer keeps, at most (Adam)."""

PEAK = 2.0
"""Memory at the height of the backward pass over what the forward pass kept: gradients of the
activations, and what an operation needs while it runs."""

TRIED = 2
"""Trials, and examples of each, on which the memory of the forward pass is measured."""


LARGE = 2e7
"""Parameters from which a network is not built to be tried: 80 MB in float32."""


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """Attributes:
    parameters: Number of numbers in its parameters.
    flops_per_step: Multiplications and additions of one forward and backward pass.
    memory_bytes: Memory that one more trial of a cohort takes.
    least_bytes: Memory without which no trial can be trained: parameters, gradients, activations.
    notice: Why trials of this network cannot be trained at once, if they cannot.
    frozen: Names of parameters that are not to be trained.
    """

    parameters: int
    flops_per_step: float
    memory_bytes: float
    least_bytes: float = 0.0
    notice: str | None = None
    frozen: tuple[str, ...] = ()

    @property
    def is_large(self) -> bool:
        """Whether the network was not built, but told from its shapes."""
        return self.parameters > LARGE


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
    # One after another, trials share the memory of the forward pass.
    kept = kept_numbers(module, task) if traits.obstacle is None else 0.0
    return _cost(module, layers, hyperparameters, kept=kept, notice=traits.notice)


def large_cost(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task
) -> TrialCost | None:
    """The cost of a trial whose network is too large to be built for an estimate.

    It is told from the shapes of its parameters and outputs, on torch's meta device, which takes
    no memory. None of a network that is not large, or that cannot be built so.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                module = build_network(network, hyperparameters, task)
            large = sum(value.numel() for value in module.parameters()) > LARGE
            if not large or any(not value.is_meta for value in module.parameters()):
                return None
            torch.func.replace_all_batch_norm_modules_(module)
            layers, kept = find_layers(module, task), _kept_on_meta(module, task)
            return _cost(module, layers, hyperparameters, kept=kept, notice=None)
        except Exception:
            # A person's code may want numbers of its tensors, which these do not have; it is
            # then built as ever, and what is wrong with it is said there.
            return None


def _cost(
    module: nn.Module,
    layers: tuple[Layer, ...],
    hyperparameters: Mapping[str, Any],
    *,
    kept: float,
    notice: str | None,
) -> TrialCost:
    sizes = {name: value.numel() for name, value in module.named_parameters()}
    looked_up = {name for name, child in module.named_modules() if isinstance(child, nn.Embedding)}
    multiplied = [layer for layer in layers if layer.name not in looked_up]
    batch = int(hyperparameters["batch_size"])
    width = PRECISIONS[str(hyperparameters.get("dtype", "float32"))].parameters.itemsize
    frozen = frozen_parameters(module)
    parameters = sum(sizes.values())
    trained = parameters - sum(sizes[name] for name in frozen)
    # Activations and deltas, when observed, and what the backward pass needs.
    per_example = width * (2.0 * _outputs(module, layers) + kept)
    return TrialCost(
        parameters=parameters,
        flops_per_step=sum(
            6.0 * sizes[layer.weight] * layer.positions * batch for layer in multiplied
        ),
        memory_bytes=float(
            width * (COPIES * parameters + OPTIMIZER_STATES * trained) + PEAK * batch * per_example
        ),
        least_bytes=float(width * (LEAST_COPIES * parameters + batch * kept)),
        notice=notice,
        frozen=tuple(name for name in sizes if name in frozen),
    )


def kept_numbers(module: nn.Module, task: Task) -> float:
    """Numbers that autograd keeps of one example of one trial until the backward pass.

    Args:
        module: On the CPU; it must run under vmap.
        task: Gives the inputs.
    """
    parameters = {
        name: torch.stack([value.detach()] * TRIED).requires_grad_(value.requires_grad)
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


def _kept_on_meta(module: nn.Module, task: Task) -> float:
    """As `kept_numbers`, of a module on the meta device, and of one trial."""
    parameter = next(module.parameters())
    inputs = task.inputs[:TRIED]
    dtype = parameter.dtype if inputs.is_floating_point() else inputs.dtype
    inputs = inputs.to(device="meta", dtype=dtype)
    given = {value.untyped_storage()._cdata for value in (inputs, *module.parameters())}
    kept: dict[int, torch.UntypedStorage] = {}  # Their addresses are used once as they live on.

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in given:
            kept[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = module(inputs)
    stored = sum(storage.nbytes() for storage in kept.values())
    return float(stored) / parameter.itemsize / len(outputs)


def _outputs(module: nn.Module, layers: tuple[Layer, ...]) -> int:
    """Numbers that all layers give for one example."""
    widths = {name: value.shape[0] for name, value in module.named_parameters() if value.ndim > 1}
    return sum(widths[layer.weight] * layer.positions for layer in layers)
