"""Trials in the step in which they become non-finite, before its update hides where it began.

Axes: K trials still in the cohort, B examples of a batch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call

from study.engine.execution import Batch, Execution
from study.engine.forensics.look import Alone, first_failure
from study.engine.forensics.output_bound import output_bound
from study.engine.layers import Layer, buffers_kept
from study.engine.precision import Precision
from study.engine.seeds import noise_seed, seed_torch
from study.engine.tasks.task import Task
from study.first_failure import FirstFailure
from study.losses import rise_scale

Array = npt.NDArray[np.float64]

_logger = logging.getLogger("gradscape.engine")


class FailureWatch:
    """Looks once at each trial, in its first step that is not finite or, of a network with time
    steps, passes the loss' bound.

    Parameters, batch and random numbers of that step are still there, so nothing needs to be kept
    for it, nor trained again. A trial that stays finite costs a test of two numbers a step; on a
    GPU, where the host would wait for them, at recorded steps only.

    Args:
        module: The network of trials that run together; its own parameters are not used.
        task: Gives the loss.
        layers: The network's layers.
        precision: Types of the parameters and of the arithmetic.
        seeds: One a trial, (K,).
        divergence_factor: A loss over this many times the first is lost.

    Attributes:
        output_bound: Why the outputs cannot be what is wanted, if they cannot.
    """

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        layers: Sequence[Layer],
        *,
        precision: Precision,
        seeds: Sequence[int],
        divergence_factor: float,
    ) -> None:
        self.output_bound = output_bound(module, task)
        self._module = module
        self._task = task
        self._layers = layers
        self._precision = precision
        self._seeds = list(seeds)
        self._factor = divergence_factor
        self._failed_K = np.zeros(len(seeds), dtype=bool)
        self._bound_K: Array = np.full(len(seeds), np.finfo(np.float64).max)
        # Without time steps nothing is asked of a trial whose values are all finite.
        self._has_state = any(layer.in_time for layer in layers) or any(
            isinstance(child, nn.RNNBase) for child in module.modules()
        )

    def bound(self, first_K: Array) -> None:
        """Takes the first losses, (K,), from which the bounds of later steps follow."""
        if not self._has_state:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            self._bound_K = self._factor * rise_scale(first_K, abs(self._task.loss_chance))

    def look(
        self,
        batch: Batch,
        rows_KxB: Tensor,
        loss_K: Tensor,
        grad_norm_K: Tensor,
        execution: Execution,
        *,
        may_wait: bool,
    ) -> dict[int, FirstFailure]:
        """Says what was first, by slot, in trials that are lost in this step and were not before.

        Training and random state stay as they are.

        Args:
            batch: Of the step, before its update.
            rows_KxB: Row numbers of the batches' examples in the data.
            loss_K: Of the step.
            grad_norm_K: Of the step.
            execution: Holds the parameters of the step.
            may_wait: Whether the host may wait for the device. On a CPU there is nothing to wait
                for; on others nothing is found where it may not.
        """
        failures = {}
        for slot in self._newly_lost(loss_K, grad_norm_K, may_wait=may_wait):
            failure = self._look_at(slot, batch, rows_KxB[slot], execution)
            if failure is not None:
                failures[slot] = failure
        return failures

    def _newly_lost(self, loss_K: Tensor, grad_norm_K: Tensor, *, may_wait: bool) -> list[int]:
        if loss_K.device.type != "cpu":
            if not may_wait:
                return []
            loss_K, grad_norm_K = torch.stack([loss_K, grad_norm_K]).cpu().unbind()
        # A loss that is not finite is below no bound.
        sound_K = (loss_K.numpy() <= self._bound_K) & np.isfinite(grad_norm_K.numpy())
        if sound_K.all():
            return []
        new_K = ~sound_K & ~self._failed_K
        self._failed_K |= new_K
        slots: list[int] = np.flatnonzero(new_K).tolist()
        return slots

    def _look_at(
        self, slot: int, batch: Batch, rows_B: Tensor, execution: Execution
    ) -> FirstFailure | None:
        module = execution.copies[slot] if execution.copies else self._module
        trial = self._alone(slot, module, batch, rows_B, execution.blocks.by_name())
        device = batch.inputs_KxB.device
        devices = [device] if device.type == "cuda" else []
        try:
            with (
                torch.random.fork_rng(devices=devices),
                torch.enable_grad(),
                buffers_kept(module),
            ):
                return first_failure(trial, self._task, self._layers)
        except Exception as error:  # A person's module or loss may fail in ways of its own.
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            _logger.warning("what failed first in step %d is not known: %s", batch.step, reason)
            return None

    def keep(self, slots: Sequence[int]) -> None:
        """Goes on with these trials of the cohort only."""
        self._seeds = [self._seeds[slot] for slot in slots]
        self._failed_K = self._failed_K[list(slots)]
        self._bound_K = self._bound_K[list(slots)]

    def _alone(
        self,
        slot: int,
        module: nn.Module,
        batch: Batch,
        rows_B: Tensor,
        parameters: Mapping[str, Tensor],
    ) -> Alone:
        own = {
            name: values_K[slot].detach().clone().requires_grad_()
            for name, values_K in parameters.items()
        }
        inputs_B = batch.inputs_KxB[slot]

        def forward() -> Tensor:
            seed_torch(noise_seed(self._seeds[slot], batch.step))
            with self._precision.autocast(inputs_B.device):
                outputs_B: Tensor = functional_call(module, own, (inputs_B,))
            return outputs_B.to(self._precision.parameters)

        return Alone(
            module=module,
            forward=forward,
            parameters=own,
            inputs_B=inputs_B,
            targets_B=batch.targets_KxB[slot],
            rows_B=rows_B,
            step=batch.step,
        )
