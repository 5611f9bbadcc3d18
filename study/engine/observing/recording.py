"""What is kept of a cohort's training, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from study.engine.divergence import Retirement, retirement
from study.engine.layers import Layer
from study.engine.observing.failures import Failures
from study.engine.observing.history import DEVIATIONS, SCALARS, History
from study.engine.observing.record import CohortRecord
from study.engine.observing.recorded_steps import Looks
from study.engine.observing.stopping import Decisions, StopRule
from study.first_failure import FirstFailure
from study.trial import Trial

Array = npt.NDArray[np.float64]


BY_STEP = ("update_ratio", "noise_scale", "sharpness")
"""Kept for the steps that are looked at; the first at all recorded ones."""

SAMPLED = (
    *("loss_before", "loss_before_error", "loss_after", "metric_after"),
    *("loss_validation", "metric_validation"),
)
"""Of a sample of the data, before the first update and after the last; of data held out."""


class Recording:
    """Collects what a cohort shows, and knows which of its trials are still in it.

    Args:
        trials: All trials of the cohort.
        layers: The layers of the network that they share.
        parameters: Names in the order of the forward pass.
        learning_rate_KxS: The learning rate of every trial and step, >= 0.
        loss_scale: A loss that is ordinary for the task.
        divergence_factor: A loss over this many times the first ends a trial.
        deviating: Steps at which the spread over a batch's examples is kept.
        stop: Says which trials are decided.
        others: Steps between the recorded ones at which sharpness alone is looked at.

    Attributes:
        alive: Indices of the trials still in training, in the order of the cohort's slots.
        looks: The steps that are looked at.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        layers: Sequence[Layer],
        parameters: Sequence[str],
        learning_rate_KxS: Array,
        loss_scale: float,
        divergence_factor: float,
        deviating: Collection[int] = (),
        stop: StopRule | None = None,
        others: Collection[int] = (),
    ) -> None:
        self._trials = tuple(trials)
        self._layers = tuple(layers)
        self._parameters = parameters
        self._learning_rate_KxS = learning_rate_KxS
        self._loss_scale = loss_scale
        self._divergence_factor = divergence_factor
        steps = learning_rate_KxS.shape[1]
        self.looks = Looks(steps, others)
        self.alive = np.arange(len(trials))
        self.history = History(len(trials), steps, deviating)
        self._sampled = {name: np.full(len(trials), np.nan) for name in SAMPLED}
        self._ends: dict[int, Retirement] = {}
        self._decisions = Decisions(stop, trials)
        self._failures = Failures()
        shape = (len(trials), len(self.looks.all))
        self._by_step = {name: np.full(shape, np.nan) for name in BY_STEP}
        self._by_layer: dict[str, Array] = {}

    def sampled(self, values: Mapping[str, Tensor]) -> None:
        """Keeps what a sample of the data showed: some of `SAMPLED`, each (K,)."""
        for name, values_K in values.items():
            self._sampled[name][self.alive] = values_K.cpu().numpy()

    def look(
        self, step: int, by_step: Mapping[str, Tensor], by_layer: Mapping[str, Tensor]
    ) -> None:
        """Keeps what a recorded step showed.

        Args:
            step: One of those that are looked at.
            by_step: Some of `BY_STEP`, each (K,).
            by_layer: Per-layer quantities, each (K, L); none where layers are not measured.
        """
        column = self.looks.column_of[step]
        for name, values_K in by_step.items():
            self._by_step[name][self.alive, column] = values_K.cpu().numpy()
        shape = (len(self._trials), len(self.looks.all), len(self._layers))
        for name, values_KxL in by_layer.items():
            if name not in self._by_layer:
                self._by_layer[name] = np.full(shape, np.nan)
            self._by_layer[name][self.alive, column] = values_KxL.cpu().numpy()

    def retire(self) -> list[int] | None:
        """Takes trials that are lost or decided out of the cohort.

        Returns:
            The slots that go on, or None where all do.
        """
        ran = self.history.flush(self.alive).stop
        alive = self.alive.tolist()
        ends = {trial: end for trial in alive if (end := self._end(trial, ran)) is not None}
        if ran < self._learning_rate_KxS.shape[1]:
            going = [trial for trial in alive if trial not in ends]
            decided = self._decisions.look(ran - 1, going, lambda: self.record(0.0, ran=ran))
            ends |= dict.fromkeys(decided, Retirement(step=ran - 1, tensor=None))
        if not ends:
            return None
        self._ends |= ends
        kept = [slot for slot, trial in enumerate(alive) if trial not in ends]
        self.alive = self.alive[kept]
        return kept

    def first_losses(self) -> Array:
        """Losses, (K,), that those of trials still in training are bounded by."""
        return np.array([self._first_loss(int(trial)) for trial in self.alive])

    def note_failures(self, step: int, failures: Mapping[int, FirstFailure]) -> None:
        """Notes what was first, by slot, in the step in which trials were lost."""
        for slot, failure in failures.items():
            self._failures.note(int(self.alive[slot]), step, failure)

    def break_at_the_end(self, slot: int, parameter: str, numbers: str) -> None:
        """Notes a trial whose very last update made a parameter non-finite.

        Args:
            slot: The trial's.
            parameter: The first such parameter.
            numbers: How many of its numbers, for people: "12 of 64 numbers".
        """
        trial, last = int(self.alive[slot]), self._learning_rate_KxS.shape[1] - 1
        if trial not in self._ends:
            self._ends[trial] = Retirement(step=last, tensor=f"parameter:{parameter}")
            detail = f"{parameter} ({numbers}), after the update of step {last}"
            broken = FirstFailure(origin="parameter", detail=detail)
            self._failures.note(trial, last, broken)

    def state(self) -> dict[str, Any]:
        """Returns everything so far, for a checkpoint."""
        self.history.flush(self.alive)
        return {
            "alive": torch.from_numpy(self.alive),
            "history": self.history.state(),
            "ends": [[trial, end.step, end.tensor] for trial, end in self._ends.items()],
            "decided": self._decisions.state(),
            "failures": self._failures.state(),
            "sampled": {name: torch.from_numpy(rows) for name, rows in self._sampled.items()},
            "by_step": {name: torch.from_numpy(rows) for name, rows in self._by_step.items()},
            "by_layer": {name: torch.from_numpy(rows) for name, rows in self._by_layer.items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a checkpoint."""
        self.alive = state["alive"].cpu().numpy()
        self.history.load(state["history"])
        self._ends = {
            trial: Retirement(step=step, tensor=tensor) for trial, step, tensor in state["ends"]
        }
        # Earlier versions kept none of these.
        self._decisions.load(state.get("decided", []))
        self._failures.load(state.get("failures", []))
        # Checkpoints of earlier versions have no sample.
        sampled = state.get("sampled", {})
        self._sampled |= {name: rows.cpu().numpy() for name, rows in sampled.items()}
        self._by_step = {name: rows.cpu().numpy() for name, rows in state["by_step"].items()}
        self._by_layer = {name: rows.cpu().numpy() for name, rows in state["by_layer"].items()}

    def record(
        self, seconds: float, *, notice: str | None = None, ran: int | None = None
    ) -> CohortRecord:
        """Makes the record, cut at each trial's last step that counts.

        Args:
            seconds: Wall-clock time of the training.
            notice: What a person should know of it.
            ran: Steps taken so far; all by default.
        """
        trials, steps = self._learning_rate_KxS.shape
        recorded = np.array(self.looks.all)
        steps_run = np.full(trials, steps if ran is None else ran)
        failure_step = np.full(trials, -1)
        tensors: list[str | None] = [None] * trials
        failures: list[FirstFailure | None] = [None] * trials
        for trial, end in self._ends.items():
            steps_run[trial] = end.step + 1
            if end.tensor is not None:
                failure_step[trial] = end.step
                tensors[trial] = end.tensor
            failures[trial] = self._failures.at(trial, end.step)
        late_KxS = np.arange(steps) >= steps_run[:, None]
        late_KxR = recorded >= steps_run[:, None]
        kept = {name: self.history.scalars[name] for name in (*SCALARS, *DEVIATIONS)}
        return CohortRecord(
            trials=self._trials,
            layers=self._layers,
            recorded=recorded,
            steps_run=steps_run,
            failure_step=failure_step,
            decided_step=self._decisions.steps(),
            failure_tensor=tuple(tensors),
            first_failure=tuple(failures),
            learning_rate=np.where(late_KxS, np.nan, self._learning_rate_KxS),
            **{name: np.where(late_KxR, np.nan, self._by_step[name]) for name in BY_STEP},
            by_layer={
                name: np.where(late_KxR[:, :, None], np.nan, values)
                for name, values in self._by_layer.items()
            },
            seconds=seconds,
            output_bound=None,
            wiring=None,
            notice=notice,
            **{name: np.where(late_KxS, np.nan, values) for name, values in kept.items()},
            **self._sampled,
        )

    def _end(self, trial: int, steps: int) -> Retirement | None:
        return retirement(
            self.history.scalars["loss"][trial, :steps],
            self.history.scalars["grad_norm"][trial, :steps],
            self.history.failing_parameter[trial, :steps],
            self._parameters,
            scale=self._loss_scale,
            factor=self._divergence_factor,
            first=self._first_loss(trial),
        )

    def _first_loss(self, trial: int) -> float:
        before = float(self._sampled["loss_before"][trial])
        return before if np.isfinite(before) else float(self.history.scalars["loss"][trial, 0])
