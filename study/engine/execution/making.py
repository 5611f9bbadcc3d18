"""From a network to the execution that suits it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks, by_shape
from study.engine.cohort.initial_networks import StartingPoint
from study.engine.execution.chain import ChainExecution, Link, links_of
from study.engine.execution.choice import TRIED_ALONE, TRIED_TOGETHER, seconds_per_trial
from study.engine.execution.execution import Batch, Execution
from study.engine.execution.in_parts import PART, PartsExecution
from study.engine.execution.looped import LoopedExecution
from study.engine.execution.traits import Traits, module_traits
from study.engine.execution.vmapped import VmappedExecution
from study.engine.initializations import frozen_parameters
from study.engine.precision import Precision
from study.engine.tasks.task import Task

EXECUTIONS = ("auto", "fused", "chain", "vectorized", "in_parts", "looped")
"""`auto` takes the fastest; the others are for comparisons and for going on from a checkpoint."""


def execution_of(checkpoint: Mapping[str, Any]) -> str:
    """Returns which of EXECUTIONS goes on from a cohort's checkpoint."""
    name = str(checkpoint["execution"])
    # Earlier versions kept "columns" for `vectorized` with convolutions as matrix products: its
    # state is the same, and what follows agrees with it to rounding.
    return "vectorized" if name == "columns" else name


def make_execution(
    start: StartingPoint,
    task: Task,
    *,
    device: torch.device,
    precision: Precision,
    seeds: Sequence[int],
    batch: Batch,
    wanted: str = "auto",
) -> Execution:
    """Makes the fastest execution that fits the module.

    A chain is known to be fastest, and a single trial is fastest by itself. For other networks
    it cannot be known beforehand: convolutions with weights of their own, for example, are no
    faster together on some devices. They are tried on the first batch.

    Args:
        start: The networks before their first step, on the CPU.
        task: Loss and metric.
        device: Where the parameters go and the batches are.
        precision: Types of the parameters and of the arithmetic.
        seeds: One a trial, (K,).
        batch: Some examples for each trial, on the device, to try ways with.
        wanted: One of EXECUTIONS.

    Raises:
        ValueError: If there is no such way, or the module cannot be run so.
    """
    if wanted not in EXECUTIONS:
        raise ValueError(f"unknown execution {wanted!r}; known: {', '.join(EXECUTIONS)}")
    module, values = start.module, start.parameters
    whole = all(value.requires_grad for value in module.parameters())
    axes = batch.inputs_KxB.ndim - 2
    links = links_of(module, axes=axes) if precision.arithmetic is None and whole else None
    if wanted in ("chain", "fused") and links is None:
        raise ValueError(
            "only a plain sequence of linear layers and activations, all trained, is a chain"
        )
    if links is not None and wanted in ("auto", "fused", "chain"):
        names = by_shape(_shapes(module), start.kinds)
        blocks = _blocks(names, module, values, device, precision)
        return _chain(links, blocks, task, wanted)
    traits = module_traits(module, task)
    if start.own is not None:
        traits = Traits(draws=traits.draws, obstacle="its buffers differ by trial")
    if wanted not in ("auto", "looped") and traits.obstacle is not None:
        raise ValueError(f"the network cannot be vectorized: {traits.obstacle}")
    maker = _Maker(start, task, device, precision, seeds, traits)
    if wanted == "auto":
        alone = traits.obstacle is not None or len(values) == 1
        wanted = "looped" if alone else maker.fastest(batch)
    return maker.make(wanted, len(values))


def _chain(links: Sequence[Link], blocks: Blocks, task: Task, wanted: str) -> ChainExecution:
    """Makes a chain; a fused one where device and task allow it and numba is installed."""
    if wanted == "chain" or blocks.values[0].device.type != "cpu" or find_spec("numba") is None:
        return ChainExecution(links, blocks, task)
    # Only here: to import numba takes a quarter of a second.
    from study.engine.fused.chain import FusedChain, is_fused

    fits = is_fused(links, task)
    return FusedChain(links, blocks, task) if fits else ChainExecution(links, blocks, task)


class _Maker:
    """Makes executions of a module that is no chain."""

    def __init__(
        self,
        start: StartingPoint,
        task: Task,
        device: torch.device,
        precision: Precision,
        seeds: Sequence[int],
        traits: Traits,
    ) -> None:
        self._start = start
        self._task = task
        self._device = device
        self._precision = precision
        self._seeds = seeds
        self._traits = traits
        for module in {start.module, *(start.own or ())}:
            module.to(device, precision.parameters)

    def make(self, way: str, trials: int) -> Execution:
        """Makes an execution of the first so many trials, in one of EXECUTIONS' ways."""
        if way == "looped":
            return self._looped(trials)
        module, blocks = self._start.module, self._blocks(trials)
        if way == "in_parts":
            return PartsExecution(module, blocks, self._task, precision=self._precision)
        return VmappedExecution(module, blocks, self._task, precision=self._precision)

    def fastest(self, batch: Batch) -> str:
        """Times the ways that suit device and network; returns that of the least time a trial."""
        trials = len(self._seeds)
        tried = {"looped": min(TRIED_ALONE, trials), "vectorized": min(TRIED_TOGETHER, trials)}
        convolves = any(type(child) is nn.Conv2d for child in self._start.module.modules())
        if convolves and self._device.type == "cpu" and trials > PART:
            tried["in_parts"] = PART
        seconds = {
            way: seconds_per_trial(self.make(way, some), batch) for way, some in tried.items()
        }
        return min(seconds, key=lambda way: seconds[way])

    def _looped(self, trials: int) -> Execution:
        start = self._start
        modules = (start.own or [start.module] * trials)[:trials]
        return LoopedExecution(
            [copy.deepcopy(module) for module in modules],
            self._blocks(trials),
            self._task,
            precision=self._precision,
            seeds=self._seeds[:trials] if self._traits.draws else None,
            notice=self._traits.notice,
        )

    def _blocks(self, trials: int) -> Blocks:
        names = [[name] for name in _shapes(self._start.module)]
        values = self._start.parameters[:trials]
        return _blocks(names, self._start.module, values, self._device, self._precision)


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
        frozen=frozen_parameters(module),
    )
