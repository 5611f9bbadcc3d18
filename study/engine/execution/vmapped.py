"""Any module that torch.func can vectorize, unchanged."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from study.engine.blocks import Blocks
from study.engine.execution.execution import Pass, by_example, mean_metric
from study.engine.observation import Observation
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
    """

    def __init__(self, module: nn.Module, blocks: Blocks, task: Task) -> None:
        self._module = module
        self.blocks = blocks
        self._task = task
        self._leaves = self._make_leaves()

    def run(
        self, inputs_KxB: Tensor, targets_KxB: Tensor, observation: Observation | None
    ) -> Pass:
        with taps(self._module, observation):
            outputs: Tensor = vmap(self._call)(self._leaves, inputs_KxB)
        loss_K = by_example(self._task.loss, outputs, targets_KxB).mean(dim=1)
        gradients = torch.autograd.grad(
            loss_K.sum(), list(self._leaves.values()), materialize_grads=True
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

    def _call(self, parameters: dict[str, Tensor], inputs_B: Tensor) -> Tensor:
        output: Tensor = functional_call(self._module, parameters, (inputs_B,))
        return output

    def _make_leaves(self) -> dict[str, Tensor]:
        """What autograd differentiates by; it shares memory with the blocks."""
        return {
            name: value[0].detach().requires_grad_()
            for (name,), value in zip(self.blocks.names, self.blocks.values, strict=True)
        }

    def _align(self, gradients: tuple[Tensor, ...]) -> None:
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
