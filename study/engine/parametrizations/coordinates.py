"""The coordinate check: how sizes of activations, and of what training changes, follow the width.

Under a parametrization that carries over both stay of one size as the width grows. What grows will
diverge at some width, what shrinks will stop learning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.cohort.initial_networks import starting_point
from study.engine.cohort_run import CohortRun
from study.engine.layers import Layer, find_layers
from study.engine.networks import NetworkFactory
from study.engine.observing.tiers import statistics_named
from study.engine.tasks.task import Task
from study.losses import DIVERGENCE_FACTOR
from study.trial import Trial

EXAMPLES = 64
"""Examples of the task that the sizes are measured on, the same at every step."""


def coordinate_check(
    hyperparameters: Mapping[str, Any],
    *,
    task: Task,
    network: NetworkFactory,
    widths: Sequence[int],
    steps: int = 4,
    seeds: int = 1,
) -> list[dict[str, int | float | str]]:
    """Trains a configuration for some steps at each width, and measures what its layers give out.

    Args:
        hyperparameters: Of the configuration; `width` is replaced.
        task: Its data and loss.
        network: Builds the network.
        widths: To train it at.
        steps: How many to take.
        seeds: How often, each from another initial network.

    Returns:
        One row a width, seed, step and layer: `width`, `seed`, `step` (0 is before the first),
        `layer` (from 1), `name`, `role` (hidden or output), `activation_rms`, the root mean square
        of the layer's outputs before its activation, and `change_rms`, that of their difference
        from step 0.

    Raises:
        ValueError: If the configuration cannot be trained.

    References:
        Yang et al., Tensor Programs V, 2022, appendix D.1 and figure 5.
    """
    rows: list[dict[str, int | float | str]] = []
    for width in widths:
        for seed in range(seeds):
            trial = Trial(
                number=0,
                configuration=0,
                seed=seed,
                hyperparameters={**hyperparameters, "width": width},
            )
            start: list[Tensor] = []
            for step, layers in enumerate(_trained(trial, task, network, steps)):
                start = start or [outputs for _, outputs in layers]
                for (layer, outputs), before in zip(layers, start, strict=True):
                    rows.append(
                        {
                            "width": width,
                            "seed": seed,
                            "step": step,
                            "layer": layer.number,
                            "name": layer.name,
                            "role": layer.role,
                            "activation_rms": _rms(outputs),
                            "change_rms": _rms(outputs - before),
                        }
                    )
    return rows


def _trained(
    trial: Trial, task: Task, network: NetworkFactory, steps: int
) -> Iterator[list[tuple[Layer, Tensor]]]:
    """Yields every layer's outputs before each step, and behind the last."""
    run = CohortRun(
        *([trial], task, network, steps, torch.device("cpu")),
        statistics=statistics_named("minimal"),
        execution="auto",
        divergence_factor=DIVERGENCE_FACTOR,
    )
    module = starting_point([trial], task, network).module
    layers = find_layers(module, task)
    for step in range(steps + 1):
        values = {name: value[0] for name, value in run.parameters.items()}
        module.to(next(iter(values.values())).dtype)
        yield _outputs(module, values, layers, task.inputs[:EXAMPLES])
        if step < steps:
            run.step(step)


def _outputs(
    module: nn.Module, values: Mapping[str, Tensor], layers: Sequence[Layer], inputs: Tensor
) -> list[tuple[Layer, Tensor]]:
    given: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, outputs: given.__setitem__(name, outputs.detach().clone())

    hooks = [
        module.get_submodule(each.name).register_forward_hook(keep(each.name)) for each in layers
    ]
    dtype = next(iter(values.values())).dtype
    with torch.no_grad():
        inputs = inputs.to(dtype) if inputs.is_floating_point() else inputs
        torch.func.functional_call(module, dict(values), (inputs,))
    for hook in hooks:
        hook.remove()
    return [(layer, given[layer.name]) for layer in layers]


def _rms(values: Tensor) -> float:
    return float(values.double().square().mean().sqrt())
