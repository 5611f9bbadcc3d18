"""Columns of the trials table that say where a trial went wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from study.engine import CohortRecord
from study.losses import rise_scale


def failure_columns(record: CohortRecord, k: int, *, loss_chance: float) -> dict[str, object]:
    """Returns them for one trial.

    Args:
        record: What training left behind.
        k: The trial's place in it.
        loss_chance: A loss that is ordinary for the task.
    """
    failed, failure = int(record.failure_step[k]), record.first_failure[k]
    return {
        "failure_step": None if failed < 0 else failed,
        "failure_tensor": record.failure_tensor[k],
        "failure_origin": None if failure is None else failure.origin,
        "failure_detail": None if failure is None else failure.detail,
        "failure_output": None if failure is None else failure.output,
        "failure_growth": None if failure is None else failure.growth,
        "rise_step": rise_step(record.loss[k, : record.steps_run[k]], loss_chance),
    }


def rise_step(loss: npt.NDArray[np.float64], loss_chance: float) -> int | None:
    """Returns the step from which on all losses were above twice the first; None if none is.

    A first loss below what is ordinary for the task counts as that: a batch may be easy.

    Args:
        loss: Of the steps run, (steps,).
        loss_chance: A loss that is ordinary for the task.
    """
    scale = max(float(rise_scale(loss[0], loss_chance)), abs(loss_chance))
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(loss <= max(float(loss[0]), loss_chance) + scale)
    start = int(below[-1]) + 1 if len(below) else 0
    return start if start < len(loss) else None
