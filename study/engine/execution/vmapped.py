"""Any module that torch.func can vectorize, unchanged."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks
from study.engine.cohort.gradients import separate
from study.engine.execution.execution import Batch, Pass, metrics
from study.engine.execution.vectorized_module import VectorizedModule
from study.engine.observing.observation import Observation
from study.engine.precision import Precision
from study.engine.tasks.task import Task


class VmappedExecution:
    """Implements `Execution`: the whole cohort under vmap.

    Args:
        module: The network, whose own parameters are not used.
        blocks: One parameter a block, (1, K, *shape).
        task: Loss and metric.
        precision: Type of the arithmetic; outputs and losses have the parameters' type.
    """

    name = "vectorized"
    notice: str | None = None
    copies: Sequence[nn.Module] = ()
    draws = False

    def __init__(
        self,
        module: nn.Module,
        blocks: Blocks,
        task: Task,
        *,
        precision: Precision,
    ) -> None:
        self._module = VectorizedModule(module, task, precision)
        self.blocks = blocks
        self._task = task
        self._leaves = self._make_leaves()

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        result = self._module.differentiate(self._leaves, batch, observation)
        gradients = separate(result.gradients)
        self._align(gradients)
        return Pass(
            loss_K=result.loss_K,
            loss_KxB=result.loss_KxB,
            metric_KxB=metrics(self._task, result.outputs_KxB, batch.targets_KxB),
            gradients=[gradient.unsqueeze(0) for gradient in gradients],
        )

    def keep(self, slots: Tensor) -> None:
        self.blocks.keep(slots)
        self._leaves = self._make_leaves()

    def state(self) -> list[Tensor]:
        return []

    def load(self, state: Sequence[Tensor]) -> None:
        self._leaves = self._make_leaves()

    def _make_leaves(self) -> dict[str, Tensor]:
        """Returns what autograd differentiates by; it shares memory with the blocks."""
        return {
            name: value[0].detach().requires_grad_(name not in self.blocks.frozen)
            for (name,), value in zip(self.blocks.names, self.blocks.values, strict=True)
        }

    def _align(self, gradients: Sequence[Tensor]) -> None:
        """Moves each parameter into its gradient's memory layout.

        The gradient of a batched product comes out transposed; updating a parameter in another
        layout than its gradient's costs four times as much on a CPU.
        """
        values = self.blocks.values
        moved = False
        for position, gradient in enumerate(gradients):
            if values[position].stride()[1:] != gradient.stride():
                values[position] = torch.empty_like(gradient).copy_(values[position][0])[None]
                moved = True
        if moved:
            self._leaves = self._make_leaves()
