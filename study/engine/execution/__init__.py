"""Ways to run a cohort's network, and which one fits a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from study.engine.blocks import Blocks, by_shape
from study.engine.execution.chain import ChainExecution, links_of
from study.engine.execution.execution import Execution, Pass
from study.engine.execution.vmapped import VmappedExecution
from study.engine.tasks.task import Task

__all__ = ["ChainExecution", "Execution", "Pass", "VmappedExecution", "make_execution"]


def make_execution(
    module: nn.Module,
    values: Sequence[Mapping[str, Tensor]],
    task: Task,
    *,
    device: torch.device,
    dtype: torch.dtype,
    chains: bool = True,
) -> Execution:
    """The fastest execution that fits the module.

    Args:
        module: The network.
        values: Initial parameters, one mapping a trial.
        task: Loss and metric.
        device: Where to train.
        dtype: Of parameters and activations.
        chains: Whether a chain is run as one; False is for comparisons.
    """
    shapes = {name: value.shape for name, value in module.named_parameters()}
    links = links_of(module) if chains else None
    names = by_shape(shapes) if links is not None else [[name] for name in shapes]
    blocks = Blocks(names, values, order=tuple(shapes), device=device, dtype=dtype)
    if links is not None:
        return ChainExecution(links, blocks, task)
    return VmappedExecution(module.to(device, dtype), blocks, task)
