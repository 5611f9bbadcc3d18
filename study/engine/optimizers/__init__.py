"""Optimizers by name; each updates the stacked parameters of a cohort in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.adafactor import Adafactor
from study.engine.optimizers.adagrad import Adagrad
from study.engine.optimizers.adam import Adam
from study.engine.optimizers.adamw import AdamW
from study.engine.optimizers.lion import Lion
from study.engine.optimizers.muon import AdamWBesideMuon, Muon
from study.engine.optimizers.optimizer import (
    ByRole,
    Factors,
    Optimizer,
    Rule,
    RuleFactory,
    State,
)
from study.engine.optimizers.rmsprop import RmsProp
from study.engine.optimizers.schedule_free import ScheduleFreeAdamW, ScheduleFreeSgd
from study.engine.optimizers.sgd import Sgd
from study.engine.optimizers.stacked import StackedOptimizer

__all__ = [
    "OPTIMIZERS",
    "ByRole",
    "Factors",
    "Optimizer",
    "Rule",
    "RuleFactory",
    "State",
    "make_optimizer",
    "tells_matrices_apart",
]

OPTIMIZERS: dict[str, RuleFactory | ByRole] = {
    "sgd": Sgd,
    "rmsprop": RmsProp,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
    "adafactor": Adafactor,
    "lion": Lion,
    "muon": ByRole(matrices=Muon, others=AdamWBesideMuon),
    "schedule_free_sgd": ScheduleFreeSgd,
    "schedule_free_adamw": ScheduleFreeAdamW,
}


def tells_matrices_apart(hyperparameters: Mapping[str, Any]) -> bool:
    """Returns whether the optimizer has a rule of its own for matrices between hidden layers."""
    return isinstance(OPTIMIZERS.get(str(hyperparameters.get("optimizer", "sgd"))), ByRole)


def make_optimizer(
    hyperparameters: Sequence[Mapping[str, Any]],
    hidden_matrices: Sequence[bool] = (),
    rate_factors: Sequence[float] = (),
    *,
    device: torch.device,
    dtype: torch.dtype,
) -> Optimizer:
    """Makes the optimizer that the trials of a cohort share, with each trial's own settings.

    Args:
        hyperparameters: One mapping a trial; `optimizer` is sgd if absent.
        hidden_matrices: Whether a block is of matrices between hidden layers, one a block. Only
            an optimizer that `tells_matrices_apart` needs to know.
        rate_factors: On the learning rate, one a block; 1 by default.
        device: Where the parameters are.
        dtype: The parameters' type.

    Raises:
        ValueError: If such an optimizer is not told.
    """
    columns = Columns(hyperparameters, device=device, dtype=dtype)
    name = columns.shared("optimizer", "sgd")
    rule = OPTIMIZERS[name]
    if not isinstance(rule, ByRole):
        return StackedOptimizer([rule], columns, rate_factors)
    if not hidden_matrices:
        raise ValueError(f"{name} must be told which blocks are hidden matrices, but got none")
    return StackedOptimizer(
        [rule.matrices if hidden else rule.others for hidden in hidden_matrices],
        columns,
        rate_factors,
    )
