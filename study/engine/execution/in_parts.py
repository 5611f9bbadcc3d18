"""Any module that torch.func can vectorize, a few trials at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.blocks import Blocks
from study.engine.execution.execution import Pass, by_example, mean_metric
from study.engine.execution.losses import CohortLoss
from study.engine.observation import Observation
from study.engine.precision import Precision
from study.engine.tap import taps
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
    vectorized = True
    notice: str | None = None
    copies: Sequence[nn.Module] = ()

    def __init__(
        self, module: nn.Module, blocks: Blocks, task: Task, *, precision: Precision
    ) -> None:
        self._module = module
        self.blocks = blocks
        self._task = task
        self._precision = precision
        self._loss = CohortLoss(module, task)
        self._point()

    def run(
        self,
        step: int,
        inputs_KxB: Tensor,
        targets_KxB: Tensor,
        observation: Observation | None,
    ) -> Pass:
        ran = [
            self._run_part(place, inputs_KxB[part], targets_KxB[part], observation)
            for place, part in enumerate(self._parts)
        ]
        outputs_KxB = torch.cat([outputs for outputs, _ in ran])
        return Pass(
            loss_K=torch.cat([losses for _, losses in ran]),
            metric_K=mean_metric(self._task, outputs_KxB, targets_KxB),
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
        self,
        place: int,
        inputs_PxB: Tensor,
        targets_PxB: Tensor,
        observation: Observation | None,
    ) -> tuple[Tensor, Tensor]:
        """Outputs and losses of the P trials of a part; their gradients go to their places."""
        leaves = self._leaves[place]
        with taps(self._module, observation), self._precision.autocast(inputs_PxB.device):
            outputs_PxB = self._loss.outputs(leaves, inputs_PxB)
        outputs_PxB = outputs_PxB.to(self._precision.parameters)
        loss_P = by_example(self._task.loss, outputs_PxB, targets_PxB).mean(dim=1)
        gradients = torch.autograd.grad(
            loss_P.sum(), list(leaves.values()), materialize_grads=True
        )
        torch._foreach_copy_(self._places[place], list(gradients))
        return outputs_PxB.detach(), loss_P.detach()

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
