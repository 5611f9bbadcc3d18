"""Optimizers by name; each updates the stacked parameters of a cohort in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.adagrad import Adagrad
from study.engine.optimizers.adam import Adam
from study.engine.optimizers.adamw import AdamW
from study.engine.optimizers.optimizer import Factors, Optimizer, Rule, RuleFactory, State
from study.engine.optimizers.rmsprop import RmsProp
from study.engine.optimizers.sgd import Sgd
from study.engine.optimizers.stacked import StackedOptimizer

__all__ = [
    "OPTIMIZERS",
    "Factors",
    "Optimizer",
    "Rule",
    "RuleFactory",
    "State",
    "make_optimizer",
]

OPTIMIZERS: dict[str, RuleFactory] = {
    "sgd": Sgd,
    "rmsprop": RmsProp,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
}


def make_optimizer(
    hyperparameters: Sequence[Mapping[str, Any]], *, device: torch.device, dtype: torch.dtype
) -> Optimizer:
    """Makes the optimizer that the trials of a cohort share, with each trial's own settings.

    Args:
        hyperparameters: One mapping a trial; `optimizer` is sgd if absent.
        device: Where the parameters are.
        dtype: The parameters' type.
    """
    columns = Columns(hyperparameters, device=device, dtype=dtype)
    return StackedOptimizer(OPTIMIZERS[columns.shared("optimizer", "sgd")], columns)
