"""Any module that torch.func can vectorize, a few trials at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks
from study.engine.execution.execution import Batch, Pass, metrics
from study.engine.execution.vectorized_module import Differentiated, VectorizedModule
from study.engine.observing.observation import Observation
from study.engine.precision import Precision
from study.engine.tasks.task import Task

PART = 8
"""Trials of a part: grouped convolutions of as many still fit a CPU core's cache (measured for
8 x 8 and 28 x 28 images, 8 to 32 channels)."""


class PartsExecution:
    """Implements `Execution`: parts of the cohort, each under vmap, one after another.

    Args:
        module: The network, whose own parameters are not used.
        blocks: One parameter a block, (1, K, *shape).
        task: Loss and metric.
        precision: Type of the arithmetic; outputs and losses have the parameters' type.
    """

    name = "in_parts"
    notice: str | None = None
    copies: Sequence[nn.Module] = ()
    draws = False

    def __init__(
        self, module: nn.Module, blocks: Blocks, task: Task, *, precision: Precision
    ) -> None:
        self._module = VectorizedModule(module, task, precision)
        self.blocks = blocks
        self._task = task
        self._point()

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        ran = [
            self._run_part(index, batch.of(part), observation)
            for index, part in enumerate(self._parts)
        ]
        outputs_KxB = torch.cat([result.outputs_KxB for result in ran])
        return Pass(
            loss_K=torch.cat([result.loss_K for result in ran]),
            loss_KxB=torch.cat([result.loss_KxB for result in ran]),
            metric_KxB=metrics(self._task, outputs_KxB, batch.targets_KxB),
            gradients=self._gradients,
        )

    def keep(self, slots: Tensor) -> None:
        self.blocks.keep(slots)
        self._point()

    def state(self) -> list[Tensor]:
        return []

    def load(self, state: Sequence[Tensor]) -> None:
        self._point()

    def _run_part(
        self, index: int, batch: Batch, observation: Observation | None
    ) -> Differentiated:
        """Runs one part's trials; their gradients go to their views in the blocks."""
        result = self._module.differentiate(self._leaves[index], batch, observation)
        torch._foreach_copy_(self._gradient_views[index], list(result.gradients))
        return result

    def _point(self) -> None:
        """Points at each part's parameters and gradients, which are views of the blocks."""
        blocks = self.blocks
        blocks.values = [value.contiguous() for value in blocks.values]
        self._gradients = [torch.empty_like(value) for value in blocks.values]
        starts = range(0, blocks.trials, PART)
        self._parts = [slice(start, start + PART) for start in starts]
        self._leaves = [
            {
                name: blocks.of(blocks.values, name)[part]
                .detach()
                .requires_grad_(name not in blocks.frozen)
                for name in blocks.order
            }
            for part in self._parts
        ]
        self._gradient_views = [
            [blocks.of(self._gradients, name)[part] for name in blocks.order]
            for part in self._parts
        ]
