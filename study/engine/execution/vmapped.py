"""Any module that torch.func can vectorize, unchanged."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.blocks import Blocks
from study.engine.execution.execution import Pass, by_example, mean_metric
from study.engine.execution.losses import CohortLoss
from study.engine.gradients import separate
from study.engine.observation import Observation
from study.engine.precision import Precision
from study.engine.tap import taps
from study.engine.tasks.task import Task


class VmappedExecution:
    """Implements `Execution`: the forward pass under vmap, the backward pass by autograd.

    Autograd records the plain batched operations that vmap makes, so the backward pass of the
    whole cohort runs in C++ without vmap's dispatch.

    Args:
        module: The network, whose own parameters are not used.
        blocks: One parameter a block.
        task: Loss and metric.
        precision: Of the arithmetic.
        name: Among EXECUTIONS.
    """

    vectorized = True
    notice: str | None = None
    copies: Sequence[nn.Module] = ()

    def __init__(
        self,
        module: nn.Module,
        blocks: Blocks,
        task: Task,
        *,
        precision: Precision,
        name: str = "vectorized",
    ) -> None:
        self.name = name
        self._module = module
        self.blocks = blocks
        self._task = task
        self._precision = precision
        self._loss = CohortLoss(module, task)
        self._leaves = self._make_leaves()

    def run(
        self,
        step: int,
        inputs_KxB: Tensor,
        targets_KxB: Tensor,
        observation: Observation | None,
    ) -> Pass:
        with taps(self._module, observation), self._precision.autocast(inputs_KxB.device):
            outputs = self._loss.outputs(self._leaves, inputs_KxB)
        outputs = outputs.to(self._precision.parameters)
        loss_K = by_example(self._task.loss, outputs, targets_KxB).mean(dim=1)
        gradients = separate(
            torch.autograd.grad(loss_K.sum(), list(self._leaves.values()), materialize_grads=True)
        )
        self._align(gradients)
        return Pass(
            loss_K=loss_K.detach(),
            metric_K=mean_metric(self._task, outputs, targets_KxB),
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
        """What autograd differentiates by; it shares memory with the blocks."""
        return {
            name: value[0].detach().requires_grad_()
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
