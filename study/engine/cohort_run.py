"""The state of one cohort in training, and its step.

Axes: K trials still in the cohort, B examples of a batch, S steps, L layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from study.engine import clipping
from study.engine.batches import BatchOrder
from study.engine.execution import Pass, make_execution
from study.engine.initializations import initialize, is_drawn
from study.engine.layers import build_network, find_layers
from study.engine.networks import NetworkFactory
from study.engine.observation import Observation
from study.engine.optimizers import OPTIMIZERS
from study.engine.precision import PRECISIONS
from study.engine.quantities.update_ratio import joint_update_ratio, update_ratio
from study.engine.recording import Recording
from study.engine.schedules import learning_rates
from study.engine.seeds import initialization_generator, module_seed
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
        observe: bool,
        execution: str,
    ) -> None:
        hyperparameters = [trial.hyperparameters for trial in trials]
        first = hyperparameters[0]
        precision = PRECISIONS[str(first.get("dtype", "float32"))]
        dtype = precision.parameters
        self._observe = observe
        module, values = _initial(trials, task, network)
        layers = find_layers(module, task)
        self._layers = layers
        self._inputs = _placed(task.inputs, device, dtype)
        self._targets = _placed(task.targets, device, dtype)
        self._order = BatchOrder(
            [trial.seed for trial in trials],
            examples=task.examples,
            batch_size=int(first["batch_size"]),
            device=device,
        )
        example_KxB = torch.arange(int(first["batch_size"]), device=device).expand(len(trials), -1)
        self._execution = make_execution(
            module,
            values,
            task,
            device=device,
            precision=precision,
            seeds=[trial.seed for trial in trials],
            batch=(self._inputs[example_KxB], self._targets[example_KxB]),
            wanted=execution,
        )
        self._optimizer = OPTIMIZERS[str(first.get("optimizer", "sgd"))](
            hyperparameters, device, dtype
        )
        rates_KxS = np.stack([learning_rates(values, steps) for values in hyperparameters])
        self._rates_SxK = torch.as_tensor(rates_KxS.T.copy()).to(device, dtype)
        limits = [clipping.clip_norm(values) for values in hyperparameters]
        self._clips = bool(np.isfinite(limits).any())
        self._clip_norm_K = torch.tensor(limits, device=device, dtype=dtype)
        self.recording = Recording(
            trials, layers, self._execution.blocks.order, rates_KxS, abs(task.loss_chance)
        )

    def step(self, step: int) -> None:
        """One optimizer step of every trial; at recorded steps also a look, and retirement."""
        recorded = self.recording.is_recorded(step)
        observation = Observation(self._layers) if recorded and self._observe else None
        indices_KxB = self._order.batch(step)
        seen = self._execution.run(
            step, self._inputs[indices_KxB], self._targets[indices_KxB], observation
        )
        blocks = self._execution.blocks
        with torch.no_grad():
            norms_NxK = blocks.norms(seen.gradients)
            grad_norm_K = norms_NxK.norm(dim=0)
            factor_K = clipping.clip_factor(grad_norm_K, self._clip_norm_K)
            self.recording.history.add(
                (seen.loss_K, seen.metric_K, grad_norm_K, factor_K), norms_NxK
            )
            if not recorded:
                self._update(step, seen, factor_K)
                return
            self._update_and_look(step, seen, factor_K, observation)
        kept = self.recording.retire()
        if kept:
            self._keep(kept)

    def end(self) -> None:
        """Looks for parameters that the very last update broke."""
        blocks = self._execution.blocks
        for name in blocks.order if len(self.recording.alive) else ():
            finite_K = blocks.of(blocks.values, name).isfinite().flatten(1).all(dim=1)
            broken = (~finite_K).nonzero().flatten().tolist()
            self.recording.break_at_the_end(broken, name)

    def _update(self, step: int, seen: Pass, factor_K: Tensor) -> None:
        self._optimizer.step(
            self._execution.blocks.values,
            seen.gradients,
            learning_rate_K=self._rates_SxK[step],
            gradient_scale_K=factor_K if self._clips else None,
        )

    def _update_and_look(
        self, step: int, seen: Pass, factor_K: Tensor, observation: Observation | None
    ) -> None:
        blocks = self._execution.blocks
        before = [value.clone() for value in blocks.values]
        by_layer: dict[str, Tensor] = {}
        if observation is not None:
            by_layer = observation.measure(
                lambda name: blocks.of(before, name), lambda name: blocks.of(seen.gradients, name)
            )
        self._update(step, seen, factor_K)
        after = blocks.values
        if observation is not None:
            ratios = [
                update_ratio(blocks.of(before, layer.weight), blocks.of(after, layer.weight))
                for layer in self._layers
            ]
            by_layer["update_ratio"] = torch.stack(ratios, dim=1)
        updates = [new - old for old, new in zip(before, after, strict=True)]
        ratio_K = joint_update_ratio(blocks.norms(updates), blocks.norms(before))
        self.recording.look(step, ratio_K, by_layer)

    def _keep(self, slots: list[int]) -> None:
        index = torch.tensor(slots, device=self._clip_norm_K.device)
        self._execution.keep(index)
        self._order.keep(slots)
        self._optimizer.keep(index)
        self._rates_SxK = self._rates_SxK[:, index]
        self._clip_norm_K = self._clip_norm_K[index]


def _initial(
    trials: Sequence[Trial], task: Task, network: NetworkFactory
) -> tuple[nn.Module, list[dict[str, Tensor]]]:
    """The network, and every trial's initial parameters, each from its own seed."""
    module = _build(network, trials[0], task)
    values = []
    for trial in trials:
        own = module
        if trial is not trials[0] and not is_drawn(module, trial.hyperparameters):
            own = _build(network, trial, task)
        generator = initialization_generator(trial.seed)
        values.append(initialize(own, trial.hyperparameters, generator))
    return module, values


def _build(network: NetworkFactory, trial: Trial, task: Task) -> nn.Module:
    """The network as its author initializes it under the trial's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(module_seed(trial.seed))
        return build_network(network, trial.hyperparameters, task)


def _placed(data: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    return data.to(device, dtype if data.is_floating_point() else data.dtype)
