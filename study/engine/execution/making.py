"""From a network to the execution that suits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from study.engine.blocks import Blocks, by_shape
from study.engine.execution.chain import ChainExecution, links_of
from study.engine.execution.choice import TRIED_ALONE, seconds_per_trial
from study.engine.execution.execution import Execution
from study.engine.execution.looped import LoopedExecution
from study.engine.execution.traits import Traits, module_traits
from study.engine.execution.vmapped import VmappedExecution
from study.engine.precision import Precision
from study.engine.tasks.task import Task

EXECUTIONS = ("auto", "chain", "vectorized", "looped")
"""`auto` takes the fastest; the others are for comparisons and for going on from a checkpoint."""


def make_execution(
    module: nn.Module,
    values: Sequence[Mapping[str, Tensor]],
    task: Task,
    *,
    device: torch.device,
    precision: Precision,
    seeds: Sequence[int],
    batch: tuple[Tensor, Tensor],
    wanted: str = "auto",
) -> Execution:
    """The fastest execution that fits the module.

    A chain is known to be fastest, and a single trial is fastest by itself. Of the other networks
    none can be told beforehand: convolutions with weights of their own, for example, are no
    faster together on some devices. They are tried on the first batch.

    Args:
        module: The network, on the CPU.
        values: Initial parameters, one mapping a trial.
        task: Loss and metric.
        device: Where to train.
        precision: Of parameters and arithmetic.
        seeds: One a trial.
        batch: Inputs and targets of the first step, (K, B, ...) each, on the device.
        wanted: One of EXECUTIONS.

    Raises:
        ValueError: If the module cannot be run as wanted.
    """
    links = links_of(module) if precision.arithmetic is None else None
    if wanted == "chain" and links is None:
        raise ValueError("only a plain sequence of linear layers and activations is a chain")
    if links is not None and wanted in ("auto", "chain"):
        blocks = _blocks(by_shape(_shapes(module)), module, values, device, precision)
        return ChainExecution(links, blocks, task)
    # Training uses the statistics of the batch; running ones would tie the trials together.
    torch.func.replace_all_batch_norm_modules_(module)
    traits = module_traits(module, task)
    if wanted == "vectorized" and traits.obstacle is not None:
        raise ValueError(f"the network cannot be vectorized: {traits.obstacle}")
    module.to(device, precision.parameters)
    maker = _Maker(module, task, device, precision, traits)
    if wanted == "auto" and traits.obstacle is None and len(values) > 1:
        return maker.faster(values, seeds, batch)
    if wanted == "vectorized":
        return maker.vmapped(values)
    return maker.looped(values, seeds)


class _Maker:
    """Makes executions of a module that is no chain."""

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        device: torch.device,
        precision: Precision,
        traits: Traits,
    ) -> None:
        self._module = module
        self._task = task
        self._device = device
        self._precision = precision
        self._traits = traits

    def vmapped(self, values: Sequence[Mapping[str, Tensor]]) -> Execution:
        return VmappedExecution(
            self._module, self._blocks(values), self._task, precision=self._precision
        )

    def looped(self, values: Sequence[Mapping[str, Tensor]], seeds: Sequence[int]) -> Execution:
        return LoopedExecution(
            self._module,
            self._blocks(values),
            self._task,
            precision=self._precision,
            seeds=seeds if self._traits.draws else None,
        )

    def faster(
        self,
        values: Sequence[Mapping[str, Tensor]],
        seeds: Sequence[int],
        batch: tuple[Tensor, Tensor],
    ) -> Execution:
        some = self.looped(values[:TRIED_ALONE], seeds[:TRIED_ALONE])
        apart_s = seconds_per_trial(some, *batch)
        together = self.vmapped(values)
        if seconds_per_trial(together, *batch) <= apart_s:
            return together
        return self.looped(values, seeds)

    def _blocks(self, values: Sequence[Mapping[str, Tensor]]) -> Blocks:
        names = [[name] for name in _shapes(self._module)]
        return _blocks(names, self._module, values, self._device, self._precision)


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.named_parameters()}


def _blocks(
    names: Sequence[Sequence[str]],
    module: nn.Module,
    values: Sequence[Mapping[str, Tensor]],
    device: torch.device,
    precision: Precision,
) -> Blocks:
    return Blocks(
        names,
        values,
        order=tuple(_shapes(module)),
        device=device,
        dtype=precision.parameters,
    )
