"""What is known of a configuration that failed, as far as it decides on what to try."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from search_spaces.catalogue import Value
from study.diagnosis.trained import Trained
from study.engine.built_in import BUILT_IN_TASKS
from study.engine.tasks.data.data_faults import is_unbalanced, standardizable
from study.preflight.configuration import Preflight
from study.tables.schema import CAUSES
from study.verdicts import Verdict
from study.verdicts.causes import Cause

Reach = Literal["all", "no updates", "own"]
"""What can touch the failure: anything; what does not act through updates; or only what the study
file itself lists, and what is the fix for the cause."""

NOT_REACHED = (
    Cause.DATA,
    Cause.LOSS_FUNCTION,
    Cause.NETWORK_FUNCTION,
    Cause.UNBOUNDED_LOSS,
    Cause.OTHER_GOAL,
    Cause.BROADCAST,
    Cause.MIXED_EXAMPLES,
    Cause.NO_SIGNAL,
)
"""Causes that lie in the task or in the network's code, where no hyperparameter reaches."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Attributes:
    steps: Number of the training's steps.
    verdict: The observed one of most seeds that failed.
    cause: Theirs, as a string of `Cause`.
    grad_norm: Largest gradient norm seen; to clip above it would change nothing.
    max_learning_rate: Largest stable one by the measured sharpness; None where unknown.
    examples: Number of the task's examples.
    standardizable: Values of `standardize` that would change something.
    unbalanced: Whether the targets are labels, one of them much more frequent than another.
    of_task: Hyperparameters of a built-in task, which say how hard it is: it is given. What a
        person's own task takes, such as a penalty in its loss, is changed like all else.
    reach: What can touch the failure.
    """

    steps: int
    verdict: str
    cause: str = Cause.UNKNOWN
    grad_norm: float = math.inf
    max_learning_rate: float | None = None
    examples: float = math.inf
    standardizable: Collection[str] = ("inputs", "targets", "both")
    unbalanced: bool = True
    of_task: Collection[str] = ()
    reach: Reach = "all"

    @property
    def narrowed(self) -> str:
        """Says in a sentence why little is tried; "" where everything is."""
        if self.reach == "own":
            return (
                f"{CAUSES[self.cause]}: that is put right in the code or the data, as said above; "
                "hyperparameters get around it at best, so none is tried but what may do that and "
                "what the study file itself lists"
            )
        if self.reach == "no updates":
            return (
                "it fails at step 0, before any update: no learning rate, clipping, warm-up or "
                "optimizer can matter, so none is tried"
            )
        return ""


def situation_of(checked: Preflight, trained: Trained) -> Situation:
    """Gathers what is known of a configuration that failed with some seed.

    Args:
        checked: The study file.
        trained: What came of the configuration.
    """
    failed = trained.trials[trained.trials["verdict"] != Verdict.STABLE]
    values = trained.hyperparameters
    task = checked.tasks.task({name: values[name] for name in values if name != "standardize"})
    cause = _most(failed, "cause") or Cause.UNKNOWN.value
    return Situation(
        steps=checked.config.steps,
        verdict=_most(failed, "verdict") or Verdict.STALLED.value,
        cause=cause,
        grad_norm=_largest_gradient(trained.trials),
        max_learning_rate=_limit(trained.trials, trained.hyperparameters["learning_rate"]),
        examples=task.examples,
        standardizable=standardizable(task),
        unbalanced=is_unbalanced(task),
        of_task=_of_built_in_task(checked),
        reach=_reach(failed, cause),
    )


def _of_built_in_task(checked: Preflight) -> Collection[str]:
    built_in = checked.config.task in BUILT_IN_TASKS
    return tuple(checked.tasks.parameters) if built_in else ()


def _most(trials: pd.DataFrame, column: str) -> str | None:
    if column not in trials or trials[column].dropna().empty:
        return None
    return str(trials[column].dropna().value_counts().index[0])


def _reach(failed: pd.DataFrame, cause: str) -> Reach:
    if cause in NOT_REACHED:
        return "own"
    at_start = failed["failure_step"] == 0
    by_update = failed["failure_tensor"].fillna("").str.startswith("parameter:")
    return "no updates" if (at_start & ~by_update).mean() > 0.5 else "all"


def _largest_gradient(trials: pd.DataFrame) -> float:
    """Returns the largest gradient norm of any step and seed; infinite if one is not finite."""
    if trials["failure_step"].notna().any() or trials["grad_norm_max"].isna().any():
        return math.inf
    return float(trials["grad_norm_max"].max())


def _limit(trials: pd.DataFrame, rate: Value) -> float | None:
    """Returns the limit that sharpness sets at initialization, or else where it was seen last."""
    assert isinstance(rate, (int, float))
    limits = _finite(trials, "predicted_max_learning_rate")
    if not len(limits):
        edges = _finite(trials, "edge_ratio")
        limits = rate / edges[edges > 0]
    return float(np.median(limits)) if len(limits) else None


def _finite(trials: pd.DataFrame, column: str) -> np.ndarray:
    if column not in trials:
        return np.empty(0)
    values = trials[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return values[np.isfinite(values)]
