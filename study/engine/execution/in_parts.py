"""Any module that torch.func can vectorize, a few trials at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks
from study.engine.execution.execution import Batch, Pass, mean_metric
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
        blocks: One parameter a block.
        task: Loss and metric.
        precision: Of the arithmetic.
    """

    name = "in_parts"
    notice: str | None = None
    copies: Sequence[nn.Module] = ()

    def __init__(
        self, module: nn.Module, blocks: Blocks, task: Task, *, precision: Precision
    ) -> None:
        self._module = VectorizedModule(module, task, precision)
        self.blocks = blocks
        self._task = task
        self._point()

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        ran = [
            self._run_part(place, batch.of(part), observation)
            for place, part in enumerate(self._parts)
        ]
        outputs_KxB = torch.cat([seen.outputs_KxB for seen in ran])
        return Pass(
            loss_K=torch.cat([seen.loss_K for seen in ran]),
            metric_K=mean_metric(self._task, outputs_KxB, batch.targets_KxB),
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
        self, place: int, batch: Batch, observation: Observation | None
    ) -> Differentiated:
        """A pass of one part's trials; their gradients go to their places."""
        seen = self._module.differentiate(self._leaves[place], batch, observation)
        torch._foreach_copy_(self._places[place], list(seen.gradients))
        return seen

    def _point(self) -> None:
        """Views of the parameters and of their gradients, by part."""
        blocks = self.blocks
        blocks.values = [value.contiguous() for value in blocks.values]
        self._gradients = [torch.empty_like(value) for value in blocks.values]
        starts = range(0, blocks.trials, PART)
        self._parts = [slice(start, start + PART) for start in starts]
        self._leaves = [
            {
                name: blocks.of(blocks.values, name)[part].detach().requires_grad_()
                for name in blocks.order
            }
            for part in self._parts
        ]
        self._places = [
            [blocks.of(self._gradients, name)[part] for name in blocks.order]
            for part in self._parts
        ]
