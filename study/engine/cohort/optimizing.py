"""A cohort's optimizer and learning rates: the engine's, or a person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from study.engine.cohort.initial_networks import StartingPoint
from study.engine.execution import Execution
from study.engine.optimizers import Optimizer, make_optimizer
from study.engine.optimizers.own import OwnOptimizer, is_own, own_rates
from study.engine.schedules import learning_rates

Rates = npt.NDArray[np.float64]
"""By trial and step, (K, S)."""


def cohort_rates(
    hyperparameters: Sequence[Mapping[str, Any]], start: StartingPoint, steps: int
) -> Rates:
    """Returns the learning rates that trials will have, those of own schedulers included."""
    schedule = _schedule(hyperparameters, steps)
    if not is_own(hyperparameters[0]):
        return schedule
    return own_rates(start.module, hyperparameters, schedule)


def cohort_optimizer(
    hyperparameters: Sequence[Mapping[str, Any]],
    start: StartingPoint,
    execution: Execution,
    steps: int,
) -> Optimizer:
    """Makes the optimizer of a cohort's trained parameters; frozen ones it never sees."""
    blocks = execution.blocks
    names = [names[0] for names in blocks.names if names[0] not in blocks.frozen]
    if is_own(hyperparameters[0]):
        schedule = _schedule(hyperparameters, steps)
        return OwnOptimizer(hyperparameters, lambda: execution.copies, names, schedule)
    return make_optimizer(
        hyperparameters,
        [name in start.hidden_matrices for name in names],
        [start.rate_factors.get(name, 1.0) for name in names],
        device=blocks.values[0].device,
        dtype=blocks.values[0].dtype,
    )


def _schedule(hyperparameters: Sequence[Mapping[str, Any]], steps: int) -> Rates:
    return np.stack([learning_rates(values, steps) for values in hyperparameters])
