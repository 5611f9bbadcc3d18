"""A chain whose steps between two recorded ones are taken by compiled code, on CPUs.

Axes: S steps, K trials, B examples, N parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from study.engine.activations import ACTIVATIONS
from study.engine.cohort.blocks import Blocks
from study.engine.cohort.packed import packed
from study.engine.execution.chain import ChainExecution, Link
from study.engine.execution.execution import Steps, Updates
from study.engine.fused.activations import CODES
from study.engine.fused.compiled import compiled
from study.engine.fused.losses import CROSS_ENTROPY, SQUARED_ERROR
from study.engine.fused.steps import advance
from study.engine.fused.threads import in_threads
from study.engine.fused.updates import FACTORS, NESTEROV, RULES
from study.engine.optimizers import Rule
from study.engine.optimizers.sgd import Sgd
from study.engine.tasks.chance.levels import LossExplained
from study.engine.tasks.measures import correct, cross_entropy, squared_error
from study.engine.tasks.task import Task

_IDLE = {"kept": 1.0, "clip_agc": np.inf, "clip_value": np.inf, "clip_norm": np.inf}
"""Factors that do nothing, where that is not 0."""


class FusedChain(ChainExecution):
    """Implements `Execution` as a chain does, and `SeveralSteps` by compiled code.

    Trials are shared among as many threads as torch may use.

    Args:
        links: Of the network, from the input to the output.
        blocks: Parameters grouped by shape, on the CPU.
        task: One that `is_fused` with these links.
    """

    name = "fused"

    def __init__(self, links: Sequence[Link], blocks: Blocks, task: Task) -> None:
        names = {id(activation): name for name, activation in ACTIVATIONS.items()}
        self._codes = np.array(
            [CODES[names[id(each.activation)]] if each.activation else 0 for each in links]
        )
        dtype = blocks.values[0].dtype
        self._inputs = task.inputs.flatten(1).to(dtype).t().contiguous().numpy()
        self._targets = np.empty((task.outputs, 0), self._inputs.dtype)
        self._labels = np.empty(0, np.int64)
        self._loss, self._chance = CROSS_ENTROPY, 1.0
        if task.loss is cross_entropy:
            self._labels = task.targets.long().contiguous().numpy()
        else:
            self._loss, self._chance = SQUARED_ERROR, task.loss_chance
            self._targets = task.targets.to(dtype).t().contiguous().numpy()
        super().__init__(links, blocks, task)

    def knows(self, rule: Rule) -> bool:
        return type(rule) in RULES

    def several(self, batches_SxKxB: Tensor, updates: Updates) -> Steps:
        steps, trials, batch = batches_SxKxB.shape
        parameters = self._flat.numpy()
        dtype = parameters.dtype
        empty = np.empty(0, dtype)
        first, second = [*(each.numpy() for each in updates.memory), empty, empty][:2]
        names = len(self._numbers)
        results = tuple(
            np.full(shape, np.nan, dtype)
            for shape in (
                *[(steps, trials, batch)] * 2,
                (4, steps, trials),
                (steps, names, trials),
            )
        )
        work = compiled(advance, dtype.name)

        def some(start: int, stop: int) -> None:
            work(
                start,
                stop,
                (self._sizes, self._codes, parameters, self._offsets, self._numbers, self._rows),
                (self._inputs, self._labels, self._targets),
                np.ascontiguousarray(batches_SxKxB.numpy()),
                self._loss,
                dtype.type(self._chance),
                _code(updates.rule),
                (first, second),
                _table(updates.factors, steps, trials, dtype),
                results,
            )

        in_threads(some, trials)
        loss, metric, scalars, norms = map(torch.from_numpy, results)
        return Steps(scalars=scalars, norms=norms, by_example=(loss, metric))

    def _point(self) -> None:
        self._flat = packed(self.blocks.values)
        super()._point()
        begin = self._flat.data_ptr()
        parameters = self.blocks.by_name().values()
        self._offsets = np.array(
            [(each.data_ptr() - begin) // each.element_size() for each in parameters]
        )
        self._numbers = np.array([each[0].numel() for each in parameters])
        self._rows = np.array([len(each[0]) if each.ndim > 2 else 1 for each in parameters])
        features = self._weights[0].shape[2]
        self._sizes = np.array([features, *(weight.shape[1] for weight in self._weights)])


def is_fused(links: Sequence[Link], task: Task) -> bool:
    """Returns whether compiled code knows the chain's activations, and loss and metric."""
    known = [id(ACTIVATIONS[name]) for name in CODES if name in ACTIVATIONS]
    return has_fused_loss(task) and all(
        each.activation is None or id(each.activation) in known for each in links
    )


def has_fused_loss(task: Task) -> bool:
    """Returns whether loss and metric of a task are among those that compiled code knows."""
    if task.loss is cross_entropy and task.metric is correct:
        labels = task.targets
        return labels.ndim == 1 and int(labels.min()) >= 0 and int(labels.max()) < task.outputs
    explained = isinstance(task.metric, LossExplained) and task.metric.loss is squared_error
    return (
        explained
        and task.loss is squared_error
        and task.targets.is_floating_point()
        and task.targets.shape == (task.examples, task.outputs)
    )


def _code(rule: Rule) -> int:
    nesterov = isinstance(rule, Sgd) and rule.nesterov
    return NESTEROV if nesterov else RULES[type(rule)]


def _table(factors: Mapping[str, Tensor], steps: int, trials: int, dtype: np.dtype) -> np.ndarray:
    table = np.empty((steps, trials, len(FACTORS)), dtype)
    for column, name in enumerate(FACTORS):
        table[:, :, column] = factors[name].numpy() if name in factors else _IDLE.get(name, 0.0)
    return table
