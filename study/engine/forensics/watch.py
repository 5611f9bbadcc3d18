"""Trials in the step in which they become non-finite, before its update hides where it began.

Axes: K trials still in the cohort, B examples of a batch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from study.engine.execution import Batch
from study.engine.forensics.look import Alone, first_failure
from study.engine.layers import Layer, buffers_kept
from study.engine.precision import Precision
from study.engine.seeds import noise_seed
from study.engine.tasks.task import Task
from study.first_failure import FirstFailure

_logger = logging.getLogger("gradscape.engine")


class FailureWatch:
    """Looks once at each trial, in its first step whose loss or gradient is not finite.

    Parameters, batch and random numbers of that step are still there, so nothing needs to be kept
    for it, nor trained again. A trial that stays finite costs a test of two numbers a step.

    Args:
        module: The network of trials that run together; its own parameters are not used.
        task: Gives the loss.
        layers: The network's layers.
        precision: Types of the parameters and of the arithmetic.
        seeds: One a trial, (K,).
    """

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        layers: Sequence[Layer],
        *,
        precision: Precision,
        seeds: Sequence[int],
    ) -> None:
        self._module = module
        self._task = task
        self._layers = layers
        self._precision = precision
        self._seeds = list(seeds)
        self._failed_K = np.zeros(len(seeds), dtype=bool)

    def newly_failed(self, loss_K: Tensor, grad_norm_K: Tensor) -> list[int]:
        """Returns the slots of trials that failed in this step and in none before."""
        # Zero times a number that is not finite is NaN: the host waits for one small tensor.
        sound_K = (loss_K * 0 + grad_norm_K * 0).cpu().numpy() == 0
        if sound_K.all():
            return []
        new_K = ~sound_K & ~self._failed_K
        self._failed_K |= new_K
        slots: list[int] = np.flatnonzero(new_K).tolist()
        return slots

    def look(
        self,
        slot: int,
        batch: Batch,
        rows_KxB: Tensor,
        parameters: Mapping[str, Tensor],
        copies: Sequence[nn.Module],
    ) -> FirstFailure | None:
        """Says what was first in the step of a failed trial; None where it cannot be found.

        Training and random state stay as they are.

        Args:
            slot: The trial's index in the cohort.
            batch: Of the step, before its update.
            rows_KxB: Row numbers of the batches' examples in the data.
            parameters: By name in the order of the forward pass, (K, ...) each.
            copies: Each trial's own network, where trials run one after another; else none.
        """
        module = copies[slot] if copies else self._module
        trial = self._alone(slot, module, batch, rows_KxB[slot], parameters)
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
            torch.manual_seed(noise_seed(self._seeds[slot], batch.step))
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
