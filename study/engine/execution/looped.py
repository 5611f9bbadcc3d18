"""Any module at all: the trials of a cohort one after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks
from study.engine.execution.execution import Batch, Pass, metrics
from study.engine.observing.hooks import taps
from study.engine.observing.observation import Observation
from study.engine.precision import Precision
from study.engine.seeds import noise_seed, seed_torch
from study.engine.tasks.task import Task


class LoopedExecution:
    """Implements `Execution`: each trial has its own copy of the module, run by itself.

    The copies' parameters are views of the blocks, so that optimizers, clipping and quantities
    still work on all trials at once.

    Args:
        copies: The network, one module a trial.
        blocks: One parameter a block, (1, K, *shape).
        task: Loss and metric.
        precision: Type of the arithmetic; outputs and losses have the parameters' type.
        seeds: One a trial, for modules that draw random numbers; None for those that do not.
        notice: Why this network is not vectorized.
    """

    name = "looped"

    def __init__(
        self,
        copies: Sequence[nn.Module],
        blocks: Blocks,
        task: Task,
        *,
        precision: Precision,
        seeds: Sequence[int] | None,
        notice: str | None = None,
    ) -> None:
        self.notice = notice
        self.blocks = blocks
        self._task = task
        self._precision = precision
        self._seeds = seeds
        self.draws = seeds is not None
        self._device = blocks.values[0].device
        self.copies: Sequence[nn.Module] = tuple(copies)
        self._point()

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        ran = [self._run_one(slot, batch, observation) for slot in range(len(self.copies))]
        outputs, means, losses = zip(*ran, strict=True)
        return Pass(
            loss_K=torch.stack(means),
            loss_KxB=torch.stack(losses),
            metric_KxB=metrics(self._task, torch.cat(outputs), batch.targets_KxB),
            gradients=self._gradients,
        )

    def keep(self, slots: Tensor) -> None:
        kept = slots.tolist()
        self.blocks.keep(slots)
        self.copies = tuple(self.copies[slot] for slot in kept)
        if self._seeds is not None:
            self._seeds = [self._seeds[slot] for slot in kept]
        self._point()

    def state(self) -> list[Tensor]:
        return [buffer for network in self.copies for buffer in network.buffers()]

    def load(self, state: Sequence[Tensor]) -> None:
        self._point()
        for buffer, value in zip(self.state(), state, strict=True):
            buffer.copy_(value)

    def _run_one(
        self, slot: int, batch: Batch, observation: Observation | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns outputs (1, B, ...), mean loss and losses (B,) of one trial.

        Its gradients go into the blocks.
        """
        module, parameters = self.copies[slot], self._parameters[slot]
        devices = [self._device] if self._device.type == "cuda" else []
        with (
            torch.random.fork_rng(devices=devices, enabled=self._seeds is not None),
            taps(module, observation, vectorized=False),
            self._precision.autocast(self._device),
        ):
            if self._seeds is not None:
                seed_torch(noise_seed(self._seeds[slot], batch.step))
            output_B = module(batch.inputs_KxB[slot])
        output_B = output_B.to(self._precision.parameters)
        loss_B = self._task.loss(output_B, batch.targets_KxB[slot])
        loss = loss_B.mean()
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        torch._foreach_copy_(self._gradient_views[slot], list(gradients))
        return output_B.detach().unsqueeze(0), loss.detach(), loss_B.detach().flatten()

    def _point(self) -> None:
        """Makes every copy's parameters views of the blocks."""
        blocks = self.blocks
        blocks.values = [value.contiguous() for value in blocks.values]
        # Those of frozen parameters stay zero.
        self._gradients = [torch.zeros_like(value) for value in blocks.values]
        trained = [name for name in blocks.order if name not in blocks.frozen]
        self._parameters: list[list[nn.Parameter]] = []
        self._gradient_views: list[list[Tensor]] = []
        for slot, module in enumerate(self.copies):
            parameters = {
                name: nn.Parameter(
                    blocks.of(blocks.values, name)[slot], requires_grad=name not in blocks.frozen
                )
                for name in blocks.order
            }
            _put(module, parameters)
            self._parameters.append([parameters[name] for name in trained])
            self._gradient_views.append(
                [blocks.of(self._gradients, name)[slot] for name in trained]
            )


def _put(module: nn.Module, parameters: dict[str, nn.Parameter]) -> None:
    """Replaces the module's parameters, wherever each of them is used (tied weights)."""
    replacement = {id(old): parameters[name] for name, old in module.named_parameters()}
    for child in module.modules():
        for leaf, old in child._parameters.items():
            if old is not None:
                child._parameters[leaf] = replacement[id(old)]
