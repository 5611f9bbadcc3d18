"""What training a cohort leaves behind, as plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from study.engine.forensics.wiring import Wiring
from study.engine.layers import Layer
from study.first_failure import FirstFailure
from study.trial import Trial

Array = npt.NDArray[np.float64]

_BY_TRIAL = (
    "steps_run",
    "failure_step",
    "decided_step",
    "loss",
    "metric",
    "grad_norm",
    "clip_factor",
    "loss_deviation",
    "metric_deviation",
    "loss_before",
    "loss_before_error",
    "loss_after",
    "loss_validation",
    "metric_validation",
    "metric_after",
    "learning_rate",
    "update_ratio",
    "noise_scale",
    "sharpness",
)
"""Arrays of a record whose axis 0 is the trials."""


@dataclass(frozen=True, kw_only=True)
class CohortRecord:
    """K trials, S steps, R recorded steps, L layers. NaN where a trial did not run.

    Attributes:
        trials: In the order of axis 0 below.
        layers: In the order of the forward pass.
        recorded: The steps recorded, (R,), and those at which sharpness alone was looked at.
        steps_run: Steps that count, (K,).
        failure_step: First step with a non-finite value, or -1, (K,).
        decided_step: Recorded step after which the verdict was certain, or -1, (K,); a trial of
            more steps went on to show whether it was.
        failure_tensor: What was non-finite first, or None.
        first_failure: What was first in the step in which a trial was lost, looked at by itself;
            None where it was not lost or nothing was found.
        loss, metric, grad_norm, clip_factor, learning_rate: By trial and step, (K, S).
        loss_deviation, metric_deviation: Standard deviation over the examples of a batch, by
            trial and step, (K, S); NaN at most steps and for batches of one.
        loss_before, loss_before_error: Mean loss of a sample of the data before the first
            update, and its standard error, (K,); NaN where the first batch is large enough.
        loss_after, metric_after: Those of the sample after the last update, (K,); NaN for lost
            trials, and where the last steps hold enough examples.
        loss_validation, metric_validation: Those of examples that no trial trains on, after the
            last update, (K,); NaN for lost trials, and without such examples.
        update_ratio, noise_scale, sharpness: By trial and recorded step, (K, R); NaN also where
            they were not scheduled.
        by_layer: Per-layer quantities by column of the layers table, each (K, R, L); empty where
            layers were not measured.
        seconds: Wall-clock time of the cohort's training.
        output_bound: Why outputs cannot be what loss or targets want; None where nothing bounds
            them.
        wiring: How the network is put together; None where it was not looked at.
        notice: What a person should know of how the cohort was trained, if anything.
    """

    trials: tuple[Trial, ...]
    layers: tuple[Layer, ...]
    recorded: npt.NDArray[np.int64]
    steps_run: npt.NDArray[np.int64]
    failure_step: npt.NDArray[np.int64]
    decided_step: npt.NDArray[np.int64]
    failure_tensor: tuple[str | None, ...]
    first_failure: tuple[FirstFailure | None, ...]
    loss: Array
    metric: Array
    grad_norm: Array
    clip_factor: Array
    loss_deviation: Array
    metric_deviation: Array
    loss_before: Array
    loss_before_error: Array
    loss_after: Array
    metric_after: Array
    loss_validation: Array
    metric_validation: Array
    learning_rate: Array
    update_ratio: Array
    noise_scale: Array
    sharpness: Array
    by_layer: dict[str, Array]
    seconds: float
    output_bound: str | None = None
    wiring: Wiring | None = None
    notice: str | None = None


def joined(records: Sequence[CohortRecord]) -> CohortRecord:
    """Returns the record of a cohort that was trained in parts, in the order of the parts."""
    first = records[0]
    if len(records) == 1:
        return first
    changes: dict[str, Any] = {
        name: np.concatenate([getattr(record, name) for record in records]) for name in _BY_TRIAL
    }
    changes["trials"] = tuple(trial for record in records for trial in record.trials)
    changes["failure_tensor"] = tuple(name for record in records for name in record.failure_tensor)
    changes["first_failure"] = tuple(each for record in records for each in record.first_failure)
    changes["by_layer"] = {
        name: np.concatenate([record.by_layer[name] for record in records])
        for name in first.by_layer
    }
    changes["seconds"] = sum(record.seconds for record in records)
    return dataclasses.replace(first, **changes)


def part_of(record: CohortRecord, which: npt.NDArray[np.int64]) -> CohortRecord:
    """Returns the record of some trials, given by their indices."""
    changes: dict[str, Any] = {name: getattr(record, name)[which] for name in _BY_TRIAL}
    for name in ("trials", "failure_tensor", "first_failure"):
        values = getattr(record, name)
        changes[name] = tuple(values[index] for index in which)
    changes["by_layer"] = {name: values[which] for name, values in record.by_layer.items()}
    return dataclasses.replace(record, **changes)
