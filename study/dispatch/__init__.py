"""Where cohorts are trained: in this process, or on the workers of a Ray cluster.

`RayTuneDispatcher` is imported on demand, so that a study in this process never imports Ray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.dispatch.cohorts import CohortQueue, cohort_limit
from study.dispatch.dispatcher import Deliver, Dispatcher, Train
from study.dispatch.in_process import InProcessDispatcher
from study.errors import DispatchError, TrainingError

if TYPE_CHECKING:
    from study.dispatch.tune.ray_tune import RayTuneDispatcher

__all__ = [
    "CohortQueue",
    "Deliver",
    "DispatchError",
    "Dispatcher",
    "InProcessDispatcher",
    "RayTuneDispatcher",
    "Train",
    "TrainingError",
    "cohort_limit",
]


def __getattr__(name: str) -> object:
    if name == "RayTuneDispatcher":
        from study.dispatch.tune.ray_tune import RayTuneDispatcher

        return RayTuneDispatcher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
