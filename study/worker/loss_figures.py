"""Figures of the trials table that come from losses and metrics by step."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from study.engine import CohortRecord, Task
from study.losses import (
    last_mean,
    last_steps,
    late_fall,
    swing,
    window,
    window_means,
    zigzag,
)

Array = npt.NDArray[np.float64]
Choose = Callable[[Array], np.float64]


def loss_figures(record: CohortRecord, k: int, task: Task) -> dict[str, object]:
    """Summarizes the losses of a trial's steps; a window with a non-finite loss has no mean.

    Args:
        record: The cohort's.
        k: Position of the trial in it.
        task: Gives the number of examples.
    """
    ran = int(record.steps_run[k])
    loss = record.loss[k, :ran]
    last = window(ran, _batch_size(record, k))
    return {
        "loss_initial": _known(record.loss_before[k], loss[0]),
        "loss_initial_error": _known(
            record.loss_before_error[k],
            _batch_error(record.loss_deviation[k, :1], record, k, task),
        ),
        "loss_final": _known(record.loss_after[k], last_mean(loss)),
        "loss_validation": float(record.loss_validation[k]),
        "loss_best": _finite(window_means(loss, last), np.min),
        "loss_max": _finite(loss, np.max),
        "loss_fall": late_fall(loss, last),
        "loss_swing": swing(loss[-last_steps(ran) :]),
        "loss_zigzag": zigzag(loss[-last:]),
        "loss_noise": _noise(loss, record.loss_deviation[k, :ran], record, k, task),
    }


def metric_figures(record: CohortRecord, k: int, task: Task) -> dict[str, object]:
    """Summarizes the metrics of a trial's steps; arguments as `loss_figures`."""
    ran = int(record.steps_run[k])
    metric = record.metric[k, :ran]
    best = np.max if task.ceiling > task.chance else np.min
    last = window(ran, _batch_size(record, k))
    final = _known(record.metric_after[k], last_mean(metric))
    return {
        "metric_final": final,
        "metric_validation": float(record.metric_validation[k]),
        "metric_best": _finite(np.append(window_means(metric, last), final), best),
        "metric_noise": _noise(metric, record.metric_deviation[k, :ran], record, k, task),
    }


def _batch_size(record: CohortRecord, k: int) -> int:
    return int(record.trials[k].hyperparameters["batch_size"])


def _noise(values: Array, deviations: Array, record: CohortRecord, k: int, task: Task) -> float:
    """Standard error of a batch's mean over the last window; NaN for a trial lost before it."""
    batch_size = _batch_size(record, k)
    last = window(len(values), batch_size)
    if batch_size > 1:
        return _batch_error(deviations[-last:], record, k, task)
    # One example has no spread; half the mean square of a difference is the variance of one.
    with np.errstate(invalid="ignore"):  # infinite losses
        changes = np.diff(values[-last:])
    if len(changes) == 0:
        return math.nan
    with np.errstate(over="ignore"):  # losses that have left all bounds
        return _of_all_examples(math.sqrt(np.mean(changes**2) / 2), 1, task)


def _batch_error(deviations: Array, record: CohortRecord, k: int, task: Task) -> float:
    """Standard error of a batch's mean from standard deviations over its examples."""
    known = deviations[~np.isnan(deviations)]
    if len(known) == 0:
        return math.nan
    batch_size = _batch_size(record, k)
    variance = float(np.mean(known**2)) / batch_size
    return _of_all_examples(math.sqrt(variance), batch_size, task)


def _of_all_examples(error: float, batch_size: int, task: Task) -> float:
    """Corrects for batches drawn without replacement: one of all examples has no noise."""
    return error * math.sqrt(1 - batch_size / task.examples)


def _known(value: float, otherwise: float) -> float:
    return float(value if np.isfinite(value) else otherwise)


def _finite(values: Array, choose: Choose) -> float:
    finite = values[np.isfinite(values)]
    return float(choose(finite)) if len(finite) else np.nan
