"""What the sentence about one trial is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from study.verdicts.failure import Failure
from study.verdicts.findings import Findings
from study.verdicts.numeric import names, numbers, numbers_or_nan
from study.verdicts.outcome import (
    first_loss_scale,
    loss_movement,
    metric_noise,
    passed_all_bounds,
    progress,
    swing_limit,
)
from study.verdicts.prediction import predicted_regimes
from study.verdicts.profiles.layer_profile import Profiles
from study.verdicts.regime import NONE, Moment, Regime
from study.verdicts.thresholds import Thresholds

_FIGURES = (
    "steps_run",
    "failure_step",
    "loss_initial",
    "loss_final",
    "loss_max",
    "metric_final",
    "metric_chance",
    "metric_ceiling",
    "metric_target",
    "grad_norm_initial",
    "grad_norm_max",
    "update_ratio_median",
    "update_ratio_max",
    "metric_best",
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The figures of one trial, named as in docs/tables.md, and of its failing regime.

    Attributes:
        metric: What the task's metric is called, e.g. "accuracy".
        outcome: String of `Outcome`.
        failure: String of `Failure`: in which way it failed.
        regime: String of `Regime`: the one that was unhealthy; None if unmeasured.
        failure_tensor: Where values stopped being finite; None if nowhere.
        failure_origin: What was first, one of `CLAUSES`; None if it is not known.
        failure_detail: Which one, in words.
        rise_step: From which step on the loss was above twice the first; NaN if it is not known.
        progress: Way of the metric from chance (0) to the ceiling (1).
        loss_swing: How far the loss goes back and forth a step at the end.
        metric_noise: How far the final metric may be off by chance; NaN if unknown.
        swing_limit: Change of the loss from step to step that counts as violent.
        stopped: Whether training was stopped because the loss passed all bounds.
        loss_scale: What the rise of the loss is measured against.
        layers: Numbers of the first and last hidden layer; None if there is no hidden layer.
        calls: Time steps of a recurrent network; 1 in a feed-forward one.
        ratio: R of the failing regime; NaN if no delta was finite.
        ratio_step: The recorded step it is from.
        dead: Share of dead units in the worst hidden layer.
        dead_layer: That layer.
        saturated: Share of saturated activations in the worst hidden layer.
        saturated_layer: That layer.
        units_step: The recorded step of these shares.
        at_start: Whether the failing regime is that of step 0, which theory speaks of.
        start_regime: String of `Regime` at step 0; None if unmeasured or not judged there.
        predicted_regime: String of `Regime` that theory expects there; None where it is silent.
        predicted_ratio: R that theory expects; NaN where it is silent.
        predicted_saturated: Share of saturated activations that it expects; NaN where silent.
        activation: Name of the activation; None if the network has none of this name.
    """

    metric: str
    outcome: str
    failure: str
    regime: str | None
    failure_tensor: str | None
    failure_origin: str | None
    failure_detail: str | None
    rise_step: float
    progress: float
    loss_swing: float
    metric_noise: float
    swing_limit: float
    stopped: bool
    loss_scale: float
    layers: tuple[int, int] | None
    calls: int
    ratio: float
    ratio_step: int
    dead: float
    dead_layer: int
    saturated: float
    saturated_layer: int
    units_step: int
    at_start: bool
    start_regime: str | None
    predicted_regime: str | None
    predicted_ratio: float
    predicted_saturated: float
    activation: str | None
    steps_run: float
    failure_step: float
    loss_initial: float
    loss_final: float
    loss_max: float
    metric_final: float
    metric_chance: float
    metric_ceiling: float
    metric_target: float
    grad_norm_initial: float
    grad_norm_max: float
    update_ratio_median: float
    update_ratio_max: float
    metric_best: float


def gather(
    trials: pd.DataFrame,
    found: Findings,
    profiles: Profiles,
    thresholds: Thresholds,
    *,
    metric: str,
) -> list[Evidence]:
    """Gathers the evidence of each trial, in the order of `trials`.

    Args:
        trials: Figures of docs/tables.md.
        found: Outcomes, ways of failing, and regimes.
        profiles: Those of the trials' hidden layers.
        thresholds: Those that the labels were made with.
        metric: What the task's metric is called.
    """
    columns: dict[str, list[Any]] = {name: numbers(trials, name).tolist() for name in _FIGURES}
    columns |= {
        "outcome": found.outcome.tolist(),
        "failure": found.failure.tolist(),
        "failure_tensor": names(trials, "failure_tensor").tolist(),
        "failure_origin": names(trials, "failure_origin").tolist(),
        "failure_detail": names(trials, "failure_detail").tolist(),
        "rise_step": numbers_or_nan(trials, "rise_step").tolist(),
        "progress": progress(trials).tolist(),
        "loss_swing": loss_movement(trials).tolist(),
        "metric_noise": metric_noise(trials, thresholds).tolist(),
        "swing_limit": swing_limit(trials, thresholds).tolist(),
        "stopped": passed_all_bounds(trials, thresholds).tolist(),
        "loss_scale": first_loss_scale(trials).tolist(),
        **_of_failing_regime(found.failure, profiles, found.initial, found.final),
        **_of_theory(trials, thresholds),
    }
    fields = list(columns)
    return [
        Evidence(metric=metric, **dict(zip(fields, row, strict=True)))
        for row in zip(*columns.values(), strict=True)
    ]


def _of_failing_regime(
    failure: np.ndarray, profiles: Profiles, initial: Moment, final: Moment
) -> dict[str, list[Any]]:
    at_end = final.regime != Regime.HEALTHY.value
    at_first = ~at_end & (initial.regime != Regime.HEALTHY.value)
    # Gradients that exploded at first may have ended in units that died of it.
    at_first |= (failure == Failure.GRADIENTS.value) & (final.regime != Regime.EXPLODING.value)
    # Where nothing changed, training is not to blame, and theory can be asked.
    at_first |= initial.regime == final.regime

    def either(name: str) -> np.ndarray:
        return np.where(at_first, getattr(initial, name), getattr(final, name))

    profile, units = either("profile"), either("units")
    judged_at_start = (initial.units != NONE) & (_at(profiles.step, initial.units) == 0)
    start = initial.regime.astype(object)
    start[~judged_at_start] = None
    first, last = _at(profiles.first_layer, units), _at(profiles.last_layer, units)
    spans = [
        (int(lower), int(upper)) if known else None
        for lower, upper, known in zip(first, last, units != NONE, strict=True)
    ]
    return {
        "regime": either("regime").tolist(),
        "layers": spans,
        "calls": np.where(units != NONE, _at(profiles.calls, units), 1).tolist(),
        "ratio": either("ratio").tolist(),
        "ratio_step": _at(profiles.step, profile).tolist(),
        "dead": either("dead").tolist(),
        "dead_layer": _at(profiles.dead_layer, units).tolist(),
        "saturated": either("saturated").tolist(),
        "saturated_layer": _at(profiles.saturated_layer, units).tolist(),
        "units_step": _at(profiles.step, units).tolist(),
        "at_start": (at_first & judged_at_start).tolist(),
        "start_regime": start.tolist(),
    }


def _of_theory(trials: pd.DataFrame, thresholds: Thresholds) -> dict[str, list[Any]]:
    return {
        "predicted_regime": predicted_regimes(trials, thresholds).tolist(),
        "predicted_ratio": numbers_or_nan(trials, "predicted_ratio").tolist(),
        "predicted_saturated": numbers_or_nan(trials, "predicted_saturated_fraction").tolist(),
        "activation": names(trials, "activation").tolist(),
    }


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    return values[index] if len(values) else np.zeros(len(index), dtype=np.int64)
