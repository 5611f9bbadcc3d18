"""From what a watch kept to rows of the three tables, labels included."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.losses import last_mean, last_steps, late_fall, swing, window, window_means, zigzag
from study.tables.schema import LAYERS, STEPS
from study.verdicts import Thresholds, label_trials
from study.watching.record import RunRecord
from study.watching.reporting.goal import Goal
from study.worker.failure_columns import rise_step
from study.worker.still_parts import in_words

Series = npt.NDArray[np.float64]

BATCH_NOISE = 1.12
"""Most that a batch's mean loss can be taken to vary by chance, over the loss level, for batches
of one example: what the threshold `swing_noise` allows, at `swing_errors` errors."""

WARMED = 0.5
"""A first learning rate below this share of the largest one is warmed up."""


def run_tables(
    record: RunRecord, goal: Goal, thresholds: Thresholds, *, trial: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Makes the rows of one run: trials, steps, layers.

    Args:
        record: What was seen; at least one step.
        goal: When it counts as trained.
        thresholds: Where one label ends and the next begins.
        trial: Number of the run among those of its tables.
    """
    losses = _until_failure(record)
    steps = _steps(record, losses, goal, trial)
    layers = _layers(record, len(losses), trial)
    row = _trial(record, losses, goal, trial, layers)
    trials = label_trials(pd.DataFrame([row]), layers, thresholds, steps=steps, metric=goal.name)
    return trials, steps, layers


def _until_failure(record: RunRecord) -> Series:
    """Losses up to the first step that was not finite: what follows it says nothing more."""
    losses = np.array(record.losses(), dtype=np.float64)
    broken = np.flatnonzero(~np.isfinite(losses))
    ends = [int(broken[0])] if len(broken) else []
    if record.failure_step is not None:
        ends.append(record.failure_step)
    return losses[: min(ends) + 1] if ends else losses


def _trial(
    record: RunRecord, loss: Series, goal: Goal, trial: int, layers: pd.DataFrame
) -> dict[str, object]:
    ran = len(loss)
    looks = [look for look in record.looks if look.step < ran]
    norms = np.array([look.grad_norm for look in looks])
    updates = np.array([look.update_ratio for look in looks])
    clips = np.array([look.clip_factor for look in looks])
    clips = clips[~np.isnan(clips)]
    return {
        "trial": trial,
        "configuration": trial,
        "seed": 0,
        "design": None,
        **_hyperparameters(record),
        "steps_run": ran,
        **_failure(record, loss, goal),
        "loss_chance": goal.base,
        **goal.columns(),
        **_loss_figures(loss, goal, record.batch_size),
        **_gradient_figures(norms),
        "clipped_fraction": float((clips < 1).mean()) if len(clips) else math.nan,
        "update_ratio_median": _finite(updates, np.median),
        "update_ratio_max": _largest(updates),
        "sharpness_initial": None,
        "edge_ratio": None,
        "predicted_ratio": None,
        "predicted_saturated_fraction": None,
        "predicted_max_learning_rate": None,
        "output_bound": None,
        "input_rms": record.input_rms,
        "target_rms": record.target_rms,
        "majority_share": record.majority_share,
        **dict.fromkeys(("wiring_fault", "wiring_detail", "time_ratio", "signal")),
        "still_parts": in_words(record.still) or None,
        "still_share": _still_share(record, layers),
        "train_seconds": record.seconds,
        "mlflow_run_id": None,
    }


def _gradient_figures(norms: Series) -> dict[str, object]:
    return {
        "grad_norm_initial": norms[0] if len(norms) else math.nan,
        "grad_norm_median": _finite(norms, np.median),
        "grad_norm_max": _finite(norms, np.max),
    }


def _hyperparameters(record: RunRecord) -> dict[str, object]:
    found = dict(record.hyperparameters)
    if record.batch_size:
        found.setdefault("batch_size", record.batch_size)
    rates = record.rates()
    if rates and rates[0] < WARMED * max(rates):
        found.setdefault("warmup_steps", int(np.argmax(rates)))
    return found


def _failure(record: RunRecord, loss: Series, goal: Goal) -> dict[str, object]:
    failure = record.first_failure
    broken = not np.isfinite(loss[-1]) or record.failure_step is not None
    return {
        "failure_step": len(loss) - 1 if broken else None,
        "failure_tensor": (record.failure_tensor or "loss") if broken else None,
        "failure_origin": None if failure is None else failure.origin,
        "failure_detail": None if failure is None else failure.detail,
        "failure_output": None if failure is None else failure.output,
        "failure_growth": None if failure is None else failure.growth,
        "rise_step": rise_step(loss, goal.base),
    }


def _loss_figures(loss: Series, goal: Goal, batch_size: int) -> dict[str, object]:
    ran = len(loss)
    last = window(ran, max(1, batch_size))
    metric = goal.progress(loss)
    level = max(abs(goal.base), abs(last_mean(loss)) if np.isfinite(last_mean(loss)) else 0.0)
    noise = _noise(loss[-last:], level, batch_size)
    span = abs(goal.base - goal.ceiling) or 1.0
    means = window_means(metric, last)
    final = last_mean(metric)
    return {
        "loss_initial": loss[0],
        "loss_initial_error": _noise(loss[: max(2, last)], level, batch_size),
        "loss_final": last_mean(loss),
        "loss_validation": None,
        "loss_best": _finite(window_means(loss, last), np.min),
        "loss_max": _finite(loss, np.max),
        "loss_fall": late_fall(loss, last),
        "loss_swing": swing(loss[-last_steps(ran) :]),
        "loss_zigzag": zigzag(loss[-last:]),
        "loss_noise": noise,
        "metric_final": final,
        "metric_validation": None,
        "metric_best": _finite(np.append(means, final), np.max),
        "metric_noise": noise / span,
    }


def _noise(loss: Series, level: float, batch_size: int) -> float:
    """Standard error of one batch's mean, from how losses differ from step to step.

    Losses that swing differ by more than chance: it is at most what batches of that size allow.
    """
    finite = loss[np.isfinite(loss)]
    if len(finite) < 2:
        return math.nan
    with np.errstate(over="ignore"):
        seen = math.sqrt(float(np.mean(np.diff(finite) ** 2)) / 2)
    most = BATCH_NOISE / math.sqrt(max(1, batch_size)) * level
    return min(seen, most) if batch_size else min(seen, BATCH_NOISE / 4 * level)


def _still_share(record: RunRecord, layers: pd.DataFrame) -> float:
    """Share of the weights in layers that do not train."""
    counts = layers.groupby("name")["weight_count"].first()
    if counts.empty or not counts.sum():
        return math.nan
    return float(counts[counts.index.isin(list(record.still))].sum() / counts.sum())


def _steps(record: RunRecord, loss: Series, goal: Goal, trial: int) -> pd.DataFrame:
    rates, metric = record.rates(), goal.progress(loss)
    rows = [
        {
            "trial": trial,
            "step": look.step,
            "loss": loss[look.step],
            "metric": metric[look.step],
            "grad_norm": look.grad_norm,
            "clip_factor": look.clip_factor,
            "learning_rate": rates[look.step],
            "update_ratio": look.update_ratio,
            "noise_scale": math.nan,
            "sharpness": math.nan,
        }
        for look in record.looks
        if look.step < len(loss)
    ]
    return pd.DataFrame(rows, columns=[column.name for column in STEPS])


def _layers(record: RunRecord, steps: int, trial: int) -> pd.DataFrame:
    """One row a look and layer; empty where no layer is known."""
    rows = [
        {
            "trial": trial,
            "step": look.step,
            "layer": layer.number,
            "name": layer.name,
            "role": layer.role,
            "calls": layer.calls,
            **_with_ends(look.layers.get(layer.name, {})),
        }
        for look in record.looks
        if look.step < steps
        for layer in record.layers
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in LAYERS])
    return frame if rows else frame.astype(object)


def _with_ends(row: Mapping[str, float]) -> dict[str, float]:
    """Where a layer is called once, its first and its last call are the same."""
    full = dict(row)
    for column in ("delta_rms", "preactivation_rms"):
        for end in ("first_call", "last_call"):
            if column in full:
                full.setdefault(f"{column}_{end}", full[column])
    return full


def _finite(values: Series, choose) -> float:  # type: ignore[no-untyped-def]
    finite = values[np.isfinite(values)]
    return float(choose(finite)) if len(finite) else math.nan


def _largest(values: Series) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else math.nan
