"""The state of one cohort in training, and its step.

Axes: K trials still in the cohort, B examples of a batch, S steps, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from study.engine.clipping import Clipping
from study.engine.cohort.batches import BatchOrder
from study.engine.cohort.examples import Examples
from study.engine.cohort.initial_networks import starting_point
from study.engine.cohort.optimizing import cohort_optimizer, cohort_rates
from study.engine.execution import Pass, make_execution
from study.engine.forensics import FailureWatch, look_at_wiring
from study.engine.fused.unrecorded import Unrecorded
from study.engine.layers import find_layers
from study.engine.loss_surface import LossSurface
from study.engine.networks import NetworkFactory
from study.engine.observing.data_sample import DataSample, deviating_steps
from study.engine.observing.observation import Observation
from study.engine.observing.record import CohortRecord
from study.engine.observing.recording import Recording
from study.engine.observing.stopping import StopRule
from study.engine.observing.tiers import Statistics
from study.engine.observing.weights import Weights
from study.engine.optimizers.own import is_own
from study.engine.precision import PRECISIONS
from study.engine.quantities.grad_norm import grad_norm
from study.engine.quantities.update_ratio import joint_update_ratio, update_ratio, update_sizes
from study.engine.tasks.task import Task
from study.trial import Trial


class CohortRun:
    """A cohort in training."""

    def __init__(
        self,
        trials: Sequence[Trial],
        task: Task,
        network: NetworkFactory,
        steps: int,
        device: torch.device,
        *,
        statistics: Statistics,
        execution: str,
        divergence_factor: float,
        stop: StopRule | None = None,
    ) -> None:
        hyperparameters = [trial.hyperparameters for trial in trials]
        seeds = [trial.seed for trial in trials]
        batch_size = int(hyperparameters[0]["batch_size"])
        precision = PRECISIONS[str(hyperparameters[0].get("dtype", "float32"))]
        dtype = precision.parameters
        # Built and initialized on the CPU, where each trial's seed gives the same numbers.
        start = starting_point(trials, task, network)
        layers = self._layers = find_layers(start.module, task)
        self._layer_steps = frozenset(statistics.layers(steps))
        looks = bool(self._layer_steps)
        self._wiring = look_at_wiring(start.module, start.parameters[0], task) if looks else None
        examples = self._examples = Examples(task, device, dtype)
        self._order = BatchOrder(
            seeds, examples=task.examples, batch_size=batch_size, device=device
        )
        # Ways are tried on the first examples: drawing a batch would move the order of batches on.
        example_KxB = torch.arange(batch_size, device=device).expand(len(trials), -1)
        self._execution = make_execution(
            start,
            task,
            device=device,
            precision=precision,
            seeds=seeds,
            batch=examples.batch(0, example_KxB),
            wanted="looped" if is_own(hyperparameters[0]) else execution,
        )
        order = self._execution.blocks.order
        self._weights_L = [order.index(layer.weight) for layer in layers]
        data = {"inputs": examples.inputs, "targets": examples.targets}
        self._surface = LossSurface(start.module, task, statistics, steps, seeds=seeds, **data)
        self._failures = FailureWatch(
            start.module,
            task,
            layers,
            precision=precision,
            seeds=seeds,
            divergence_factor=divergence_factor,
        )
        self._sample = DataSample(self._surface, task, steps, batch_size=batch_size, **data)
        rates_KxS = cohort_rates(hyperparameters, start, steps)
        self._rates_SxK = torch.as_tensor(rates_KxS.T.copy()).to(device, dtype)
        frozen = self._execution.blocks.frozen
        self._trained_N = [n for n, name in enumerate(order) if name not in frozen]
        self._optimizer = cohort_optimizer(hyperparameters, start, self._execution, steps)
        self._clipping = Clipping(hyperparameters, device=device, dtype=dtype)
        self.recording = Recording(
            trials,
            layers,
            order,
            rates_KxS,
            abs(task.loss_chance),
            divergence_factor,
            () if task.whole_batches else deviating_steps(steps, task.examples, batch_size),
            stop,
            self._surface.sharpness_steps,
        )
        parts = self._execution, self._optimizer, self._clipping, self._failures, self.recording
        self._unrecorded = Unrecorded(*parts, examples, self._surface)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The trials' parameters as they are now, (K, ...) by name; views."""
        return self._execution.blocks.by_name()

    def record(self, seconds: float) -> CohortRecord:
        """Returns what the training left behind, and what a person should know of it."""
        record = self.recording.record(seconds, notice=self._execution.notice)
        return replace(record, wiring=self._wiring, output_bound=self._failures.output_bound)

    def advance(self, step: int) -> int:
        """Takes this step and, where the execution can, all before the next that is looked at.

        Returns:
            The step to go on with.
        """
        until = self._unrecorded.take(step, self._order, self._rates_SxK)
        if until > step:
            return until
        self.step(step)
        return step + 1

    def step(self, step: int) -> None:
        """Takes one optimizer step of every trial; a recorded one also measures and retires."""
        if step == 0:
            self.recording.sampled(self._sample.before(self._execution))
        recorded = self.recording.looks.is_recorded(step)
        observation = Observation(self._layers) if step in self._layer_steps else None
        rows_KxB = self._order.batch(step)
        batch = self._examples.batch(step, rows_KxB)
        result = self._execution.run(batch, observation)
        blocks = self._execution.blocks
        with torch.no_grad():
            norms_NxK = blocks.norms(result.gradients)
            grad_norm_K = grad_norm(norms_NxK)
            failures = self._failures.look(
                batch, rows_KxB, result.loss_K, grad_norm_K, self._execution, may_wait=recorded
            )
            self.recording.note_failures(step, failures)
            if recorded:
                surface = self._surface.measure(batch, blocks.by_name(), self._execution.copies)
                factor_K = self._update_and_look(step, result, norms_NxK, observation, surface)
            else:
                factor_K = self._update(step, result, grad_norm_K)
            self.recording.history.add(
                (result.loss_K, result.metric_K, grad_norm_K, factor_K),
                norms_NxK,
                (result.loss_KxB, result.metric_KxB),
            )
        if recorded and (kept := self.recording.retire()):
            self._keep(kept)
        if step == 0:
            self._failures.bound(self.recording.first_losses())

    def state(self, step: int) -> dict[str, Any]:
        """Returns what a checkpoint before this step holds: nothing of trials that were lost."""
        return {
            "step": step,
            "execution": self._execution.name,
            "recording": self.recording.state(),
            "blocks": self._execution.blocks.values,
            "network": self._execution.state(),
            "optimizer": self._optimizer.state(),
            "batches": self._order.state(),
        }

    def load(self, state: Mapping[str, Any]) -> int:
        """Goes on from a checkpoint of the same cohort. Returns the step to go on with."""
        self.recording.load(state["recording"])
        self._keep(self.recording.alive.tolist())
        self._execution.blocks.values = list(state["blocks"])
        self._execution.load(state["network"])
        self._optimizer.load(state["optimizer"])
        self._order.load(state["batches"])
        self._failures.bound(self.recording.first_losses())
        return int(state["step"])

    def end(self) -> None:
        """Looks at the loss after the last update, and for parameters that this update broke."""
        if not len(self.recording.alive):
            return
        self.recording.sampled(self._sample.after(self._execution))
        for slot, name, numbers in self._execution.blocks.broken():
            self.recording.break_at_the_end(slot, name, numbers)

    def _update(self, step: int, result: Pass, grad_norm_K: Tensor) -> Tensor:
        """Clips and updates; returns the clip factor."""
        blocks = self._execution.blocks
        clipped = self._clipping.clip(result.gradients, blocks, grad_norm_K)
        self._optimizer.step(
            blocks.trained(blocks.values),
            blocks.trained(result.gradients),
            learning_rate_K=self._rates_SxK[step],
            gradient_scale_K=clipped.scale_K,
        )
        return clipped.factor_K

    def _update_and_look(
        self,
        step: int,
        result: Pass,
        norms_NxK: Tensor,
        observation: Observation | None,
        surface: dict[str, Tensor],
    ) -> Tensor:
        blocks, rows = self._execution.blocks, self._weights_L
        by_layer: dict[str, Tensor] = {}
        sizes_NxK = blocks.exact_norms(blocks.values, blocks.norms(blocks.values))
        if observation is not None:
            weights = Weights(
                norms_LxK=sizes_NxK[rows],
                gradient_norms_LxK=blocks.exact_norms(result.gradients, norms_NxK)[rows],
                parameter=lambda name: blocks.of(blocks.values, name),
                gradient=lambda name: blocks.of(result.gradients, name),
            )
            by_layer = observation.measure(weights)
        before = [value.clone() for value in blocks.values]
        factor_K = self._update(step, result, grad_norm(norms_NxK))
        updates_NxK = update_sizes(blocks, before)
        if observation is not None:
            by_layer["update_ratio"] = update_ratio(updates_NxK, sizes_NxK)[rows].T
        trained = self._trained_N
        ratio_K = joint_update_ratio(updates_NxK[trained], sizes_NxK[trained])
        self.recording.look(step, {"update_ratio": ratio_K, **surface}, by_layer)
        return factor_K

    def _keep(self, slots: list[int]) -> None:
        index = torch.tensor(slots, device=self._rates_SxK.device)
        self._execution.keep(index)
        self._order.keep(slots)
        self._surface.keep(slots)
        self._failures.keep(slots)
        self._optimizer.keep(index)
        self._rates_SxK = self._rates_SxK[:, index]
        self._clipping.keep(slots)
