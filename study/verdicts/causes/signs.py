"""What the rules of causes look at: one array a sign, one element a trial."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import SimpleNamespace

import numpy as np
import pandas as pd

from study.verdicts.causes.settings import setting, settings_of
from study.verdicts.causes.through_training import over_layers, over_steps
from study.verdicts.failure import Failure
from study.verdicts.findings import Findings
from study.verdicts.learning import late_fall
from study.verdicts.numeric import names, numbers_or_nan
from study.verdicts.outcome import Outcome, first_loss_scale, progress

_FIGURES = (
    "steps_run",
    "failure_step",
    "failure_output",
    "loss_initial",
    "loss_final",
    "loss_best",
    "loss_max",
    "loss_chance",
    "grad_norm_median",
    "update_ratio_median",
    "update_ratio_max",
    "edge_ratio",
    "predicted_ratio",
    "input_rms",
    "target_rms",
    "majority_share",
    "still_share",
    "time_ratio",
    "signal",
)


@dataclass(frozen=True, kw_only=True)
class Signs:
    """Arrays of shape (trials,); NaN or None where a table does not have the figure.

    Figures that are named as in docs/tables.md are those of the trials table.

    Attributes:
        outcome: Strings of `Outcome`.
        failure: Strings of `Failure`.
        start: Regime at step 0, whatever the network.
        initial: Regime at initialization, for some networks after a few steps.
        final: Regime at the end.
        ratio_initial: R of `initial`.
        ratio_final: R of `final`.
        recurrent: Whether gradients pass time steps.
        progress: Way of the final metric from chance (0) to the ceiling (1).
        loss_scale: What the rise of a loss is measured against.
        fall: By how much the loss fell in the second half of the steps.
        learning: Whether that is more than its noise.
        adaptive: Whether the optimizer divides by the size of gradients.
        epsilon: What it adds to that size; NaN if it is not adaptive.
        weight_decay: The hyperparameter, 0 where there is none.
        warmup_steps: The hyperparameter.
        batch_size: The hyperparameter; NaN where no table has it.
        rate_first: Largest learning rate of a recorded step.
        rate_last: Learning rate of the last recorded step.
        rate_lost: First recorded step with less than 1 % of `rate_first`; NaN if there is none.
        violent_step: First recorded step with a violent update; NaN if there is none.
        first_update: Largest update ratio of steps 0 to 2.
        early_loss: Largest loss of the recorded steps 1 to 8.
        clip_factor: Median over the recorded steps.
        weight_initial: Norm of all weights at the first recorded step.
        weight_final: The same at the last one.
        parameters: Number of weights.
        state_growth: Largest ratio of the last to the first time step's pre-activations, also in
            the step that ended the trial.
        failure_origin: What was first to be non-finite, null if nothing was.
        output_bound: What bounds the network's outputs, in words; None if nothing is known to.
        still_parts: What does not train, and why, in words; None if everything does.
        wiring_fault: Name of the cause that is odd about the network's wiring; None if nothing is.
        wiring_detail: It, in words.
    """

    outcome: np.ndarray
    failure: np.ndarray
    start: np.ndarray
    initial: np.ndarray
    final: np.ndarray
    ratio_initial: np.ndarray
    ratio_final: np.ndarray
    recurrent: np.ndarray
    progress: np.ndarray
    loss_scale: np.ndarray
    fall: np.ndarray
    learning: np.ndarray
    adaptive: np.ndarray
    epsilon: np.ndarray
    weight_decay: np.ndarray
    warmup_steps: np.ndarray
    batch_size: np.ndarray
    rate_first: np.ndarray
    rate_last: np.ndarray
    rate_lost: np.ndarray
    violent_step: np.ndarray
    first_update: np.ndarray
    early_loss: np.ndarray
    clip_factor: np.ndarray
    weight_initial: np.ndarray
    weight_final: np.ndarray
    parameters: np.ndarray
    state_growth: np.ndarray
    failure_origin: np.ndarray
    output_bound: np.ndarray
    still_parts: np.ndarray
    wiring_fault: np.ndarray
    wiring_detail: np.ndarray
    steps_run: np.ndarray
    failure_step: np.ndarray
    failure_output: np.ndarray
    loss_initial: np.ndarray
    loss_final: np.ndarray
    loss_best: np.ndarray
    loss_max: np.ndarray
    loss_chance: np.ndarray
    grad_norm_median: np.ndarray
    update_ratio_median: np.ndarray
    update_ratio_max: np.ndarray
    edge_ratio: np.ndarray
    predicted_ratio: np.ndarray
    input_rms: np.ndarray
    target_rms: np.ndarray
    majority_share: np.ndarray
    still_share: np.ndarray
    time_ratio: np.ndarray
    signal: np.ndarray

    @property
    def fruitless(self) -> np.ndarray:
        """Whether a trial kept within bounds and missed its target, (trials,)."""
        return np.isin(self.outcome.astype(str), (Outcome.STALLED, Outcome.SLOW))

    @property
    def broke(self) -> np.ndarray:
        """Whether a trial left all bounds, swung, or was hit by a violent update, (trials,)."""
        ends = (Outcome.NONFINITE, Outcome.DIVERGED, Outcome.OSCILLATING)
        violent = self.failure.astype(object) == Failure.UPDATES.value
        return np.isin(self.outcome.astype(str), ends) | violent

    def of(self, trial: int) -> SimpleNamespace:
        """Returns the signs of one trial, by its row."""
        return SimpleNamespace(
            **{one.name: getattr(self, one.name)[trial] for one in fields(self)}
        )


def signs(
    trials: pd.DataFrame,
    steps: pd.DataFrame | None,
    layers: pd.DataFrame,
    found: Findings,
    *,
    violent_update: float,
) -> Signs:
    """Gathers the signs of each trial, in the order of `trials`.

    Args:
        trials: Figures of docs/tables.md and hyperparameters; what is absent is NaN.
        steps: Recorded steps; without them nothing is known of rates and single updates.
        layers: Recorded layers.
        found: Outcomes, ways of failing, and regimes.
        violent_update: Update ratio above which an update is violent.
    """
    number = trials["trial"].to_numpy(dtype=np.int64)
    shown = over_layers(layers, number)
    # A state may run away between two recorded steps; the step that ended the trial shows it.
    last_growth = numbers_or_nan(trials, "failure_growth")
    return Signs(
        outcome=found.outcome,
        failure=found.failure,
        start=found.regimes.start,
        initial=found.regimes.initial,
        final=found.regimes.final,
        ratio_initial=found.initial.ratio,
        ratio_final=found.final.ratio,
        recurrent=found.calls > 1,
        progress=progress(trials),
        loss_scale=first_loss_scale(trials),
        fall=late_fall(trials, steps),
        learning=found.learning,
        **settings_of(trials),
        batch_size=setting(trials, "batch_size"),
        **over_steps(steps, number, violent_update=violent_update),
        **(shown | {"state_growth": np.fmax(shown["state_growth"], last_growth)}),
        failure_origin=names(trials, "failure_origin"),
        output_bound=names(trials, "output_bound"),
        **{name: names(trials, name) for name in ("still_parts", "wiring_fault", "wiring_detail")},
        **{name: numbers_or_nan(trials, name) for name in _FIGURES},
    )
