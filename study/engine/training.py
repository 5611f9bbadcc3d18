"""Training a cohort: all its trials step together, each as if it were alone.

Axes: K trials still in the cohort, B examples of a batch, P parameters, S steps, R recorded
steps, L layers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from study.engine import clipping, stacking
from study.engine.batches import BatchOrder
from study.engine.history import SCALARS, History
from study.engine.initializations import initialize
from study.engine.layers import Layer, build_network, find_layers
from study.engine.networks import NetworkFactory
from study.engine.observation import Observation
from study.engine.optimizers import OPTIMIZERS
from study.engine.quantities import LAYER_COLUMNS
from study.engine.quantities.update_ratio import joint_update_ratio, update_ratio
from study.engine.record import CohortRecord
from study.engine.recording import recorded_steps
from study.engine.retirement import Retirement, retirement
from study.engine.schedules import learning_rates
from study.engine.seeds import initialization_generator, module_seed
from study.engine.tasks.task import Task
from study.trial import Trial

DTYPES = {"float32": torch.float32, "float64": torch.float64}

FUSIBLE = frozenset(
    {
        "initialization",
        "init_gain",
        "weight_std",
        "bias_std",
        "learning_rate",
        "lr_decay",
        "lr_decay_rate",
        "lr_decay_steps",
        "weight_decay",
        "momentum",
        "clip_norm",
    }
)
"""Hyperparameters in which the trials of one cohort may differ."""


def train_cohort(
    trials: Sequence[Trial],
    *,
    task: Task,
    network: NetworkFactory,
    steps: int,
    device: str | torch.device = "cpu",
    observe: bool = True,
) -> CohortRecord:
    """Trains trials that agree in every hyperparameter outside FUSIBLE.

    Each trial's numbers depend on its hyperparameters and seed alone, up to floating point:
    not on its neighbours, its place in the cohort, or what happens to them.

    Args:
        trials: At least one.
        task: Data, loss and metric.
        network: Builds the network that all of them share.
        steps: Optimizer steps, at least one.
        device: Where to train.
        observe: Whether to measure the per-layer quantities at recorded steps.

    Raises:
        ValueError: If the trials cannot share a cohort, or the batch exceeds the data.
        NetworkError: If the network does not fit the task.
    """
    _check_alike(trials)
    started = time.perf_counter()
    run = _CohortRun(trials, task, network, steps, torch.device(device), observe=observe)
    for step in range(steps):
        run.step(step)
        if not len(run.alive):
            break
    return run.record(time.perf_counter() - started)


def _check_alike(trials: Sequence[Trial]) -> None:
    if not trials:
        raise ValueError("a cohort must have at least one trial, got none")
    shapes = [_shared(trial) for trial in trials]
    for trial, shape in zip(trials, shapes, strict=True):
        if shape != shapes[0]:
            differing = sorted({name for name, _ in shape ^ shapes[0]})
            raise ValueError(
                f"trials of a cohort must agree in {', '.join(differing)}, but trial "
                f"{trials[0].number} and trial {trial.number} do not"
            )


def _shared(trial: Trial) -> frozenset[tuple[str, object]]:
    return frozenset(
        (name, value) for name, value in trial.hyperparameters.items() if name not in FUSIBLE
    )


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a recorded step keeps on the host: its place among the recorded steps, and arrays."""

    update_ratio_K: Tensor
    by_layer: dict[str, Tensor]


class _CohortRun:
    """The state of one cohort in training."""

    def __init__(
        self,
        trials: Sequence[Trial],
        task: Task,
        network: NetworkFactory,
        steps: int,
        device: torch.device,
        *,
        observe: bool,
    ) -> None:
        first = trials[0].hyperparameters
        dtype = DTYPES[first.get("dtype", "float32")]  # type: ignore[index]
        self._trials = tuple(trials)
        self._task = task
        self._observe = observe
        self._module, self._parameters = _initial(trials, task, network, device, dtype)
        self.layers: tuple[Layer, ...] = find_layers(self._module, task)
        self._names = tuple(self._parameters)
        floating = task.inputs.is_floating_point()
        self._inputs = task.inputs.to(device, dtype if floating else task.inputs.dtype)
        self._targets = task.targets.to(
            device, dtype if task.targets.is_floating_point() else task.targets.dtype
        )
        hyperparameters = [trial.hyperparameters for trial in trials]
        self._order = BatchOrder(
            [trial.seed for trial in trials],
            examples=task.examples,
            batch_size=int(first["batch_size"]),
            device=device,
        )
        self._optimizer = OPTIMIZERS[str(first.get("optimizer", "sgd"))](
            hyperparameters, device, dtype
        )
        self._learning_rate_KxS = np.stack([learning_rates(h, steps) for h in hyperparameters])
        self._rates_SxK = torch.as_tensor(self._learning_rate_KxS.T.copy(), device=device).to(
            dtype
        )
        limits = [clipping.clip_norm(h) for h in hyperparameters]
        self._clips = bool(np.isfinite(limits).any())
        self._clip_norm_K = torch.tensor(limits, device=device, dtype=dtype)
        self._recorded = {step: place for place, step in enumerate(recorded_steps(steps))}
        self.alive = np.arange(len(trials))
        self._retired: dict[int, Retirement] = {}
        self._history = History(len(trials), steps)
        shape = (len(trials), len(self._recorded))
        self._update_ratio_KxR = np.full(shape, np.nan)
        self._by_layer = {
            name: np.full((*shape, len(self.layers)), np.nan)
            for name in (*LAYER_COLUMNS, "update_ratio")
        }

    def step(self, step: int) -> None:
        """One optimizer step of every trial; at recorded steps also a look, and retirement."""
        recorded = step in self._recorded
        observation = Observation(self._module, self.layers if recorded and self._observe else ())
        inputs, targets = self._batch(step)
        with observation:
            outputs = stacking.forward(self._module, self._parameters, inputs)
        losses_KxB = _by_example(self._task.loss, outputs, targets)
        loss_K = losses_KxB.mean(dim=1)
        gradients = torch.autograd.grad(
            loss_K.sum(), list(self._parameters.values()), materialize_grads=True
        )
        stacking.align(self._parameters, gradients)
        with torch.no_grad():
            metric_K = _by_example(self._task.metric, outputs.detach(), targets).mean(dim=1)
            norms_PxK = _norms(gradients)
            grad_norm_K = norms_PxK.norm(dim=0)
            factor_K = clipping.clip_factor(grad_norm_K, self._clip_norm_K)
            self._history.add((loss_K.detach(), metric_K, grad_norm_K, factor_K), norms_PxK)
            look = self._update(step, gradients, factor_K, observation if recorded else None)
        if recorded:
            self._keep_look(self._recorded[step], look)
            self._retire()

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        indices_KxB = self._order.batch(step)
        return self._inputs[indices_KxB], self._targets[indices_KxB]

    def _update(
        self,
        step: int,
        gradients: Sequence[Tensor],
        factor_K: Tensor,
        observation: Observation | None,
    ) -> _Look | None:
        parameters = [value.detach() for value in self._parameters.values()]
        by_layer: dict[str, Tensor] = {}
        before: list[Tensor] = []
        if observation is not None:
            before = [value.clone() for value in parameters]
            if self._observe:
                by_layer = observation.measure(
                    dict(zip(self._names, parameters, strict=True)),
                    dict(zip(self._names, gradients, strict=True)),
                )
        self._optimizer.step(
            parameters,
            gradients,
            learning_rate_K=self._rates_SxK[step],
            gradient_scale_K=factor_K if self._clips else None,
        )
        if observation is None:
            return None
        if self._observe:
            position = {name: place for place, name in enumerate(self._names)}
            places = [position[layer.weight] for layer in self.layers]
            by_layer["update_ratio"] = torch.stack(
                [update_ratio(before[place], parameters[place]) for place in places], dim=1
            )
        return _Look(update_ratio_K=joint_update_ratio(before, parameters), by_layer=by_layer)

    def _keep_look(self, place: int, look: _Look | None) -> None:
        if look is None:
            return
        self._update_ratio_KxR[self.alive, place] = look.update_ratio_K.cpu().numpy()
        for name, values_KxL in look.by_layer.items():
            self._by_layer[name][self.alive, place] = values_KxL.cpu().numpy()

    def _retire(self) -> None:
        """Takes trials that are lost out of the cohort, which then costs less."""
        arrived = self._history.flush(self.alive)
        seen = slice(0, arrived.stop)
        lost = {}
        for slot, trial in enumerate(self.alive):
            end = retirement(
                self._history.scalars["loss"][trial, seen],
                self._history.scalars["grad_norm"][trial, seen],
                self._history.failing_parameter[trial, seen],
                self._names,
                scale=abs(self._task.loss_chance),
            )
            if end is not None:
                lost[slot] = end
                self._retired[int(trial)] = end
        if lost:
            self._keep([slot for slot in range(len(self.alive)) if slot not in lost])

    def _keep(self, slots: list[int]) -> None:
        self.alive = self.alive[slots]
        if not slots:
            return
        index = torch.tensor(slots, device=self._clip_norm_K.device)
        self._parameters = stacking.keep(self._parameters, index)
        self._order.keep(slots)
        self._optimizer.keep(index)
        self._rates_SxK = self._rates_SxK[:, index]
        self._clip_norm_K = self._clip_norm_K[index]

    def record(self, seconds: float) -> CohortRecord:
        """Everything measured, cut at each trial's last step that counts."""
        trials, steps = self._learning_rate_KxS.shape
        recorded = np.array(list(self._recorded))
        steps_run = np.full(trials, steps)
        failure_step = np.full(trials, -1)
        failure_tensor: list[str | None] = [None] * trials
        for trial, end in self._ends().items():
            steps_run[trial] = end.step + 1
            if end.tensor is not None:
                failure_step[trial] = end.step
                failure_tensor[trial] = end.tensor
        late_KxS = np.arange(steps) >= steps_run[:, None]
        late_KxR = recorded >= steps_run[:, None]
        scalars = {
            name: np.where(late_KxS, np.nan, self._history.scalars[name]) for name in SCALARS
        }
        return CohortRecord(
            trials=self._trials,
            layers=self.layers,
            recorded=recorded,
            steps_run=steps_run,
            failure_step=failure_step,
            failure_tensor=tuple(failure_tensor),
            learning_rate=np.where(late_KxS, np.nan, self._learning_rate_KxS),
            update_ratio=np.where(late_KxR, np.nan, self._update_ratio_KxR),
            by_layer={
                name: np.where(late_KxR[:, :, None], np.nan, values)
                for name, values in self._by_layer.items()
            },
            seconds=seconds,
            **scalars,
        )

    def _ends(self) -> dict[int, Retirement]:
        """How trials were lost, including those whose very last update broke a parameter."""
        ends = dict(self._retired)
        last = self._learning_rate_KxS.shape[1] - 1
        for name, values in self._parameters.items():
            finite_K = values.detach().isfinite().flatten(1).all(dim=1).cpu().numpy()
            for trial in self.alive[~finite_K] if len(self.alive) else ():
                ends.setdefault(int(trial), Retirement(step=last, tensor=f"parameter:{name}"))
        return ends


def _initial(
    trials: Sequence[Trial],
    task: Task,
    network: NetworkFactory,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[nn.Module, stacking.Stacked]:
    """The network's skeleton and every trial's initial parameters, each from its own seed."""
    values = []
    for trial in trials:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(module_seed(trial.seed))
            module = build_network(network, trial.hyperparameters, task)
        generator = initialization_generator(trial.seed)
        values.append(initialize(module, trial.hyperparameters, generator))
    parameters = stacking.stack(values, device=device, dtype=dtype)
    return module.to(device, dtype), parameters


def _by_example(function, outputs_KxB: Tensor, targets_KxB: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    """Applies a function of examples to all trials' examples at once; (K, B)."""
    values: Tensor = function(outputs_KxB.flatten(0, 1), targets_KxB.flatten(0, 1))
    return values.view(outputs_KxB.shape[:2])


def _norms(gradients: Sequence[Tensor]) -> Tensor:
    """Norm of each parameter's gradient by trial, (P, K)."""
    return torch.stack(
        [
            torch.linalg.vector_norm(gradient, dim=tuple(range(1, gradient.ndim)))
            for gradient in gradients
        ]
    )
