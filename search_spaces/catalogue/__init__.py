"""The catalogue: every hyperparameter that a study may fix or vary."""

from search_spaces.catalogue.built_in import BUILT_IN_NETWORKS, BUILT_IN_TASKS, is_own
from search_spaces.catalogue.hyperparameter import (
    Condition,
    Hyperparameter,
    Interval,
    Kind,
    Value,
)
from search_spaces.catalogue.table import CATALOGUE

__all__ = [
    "BUILT_IN_NETWORKS",
    "BUILT_IN_TASKS",
    "CATALOGUE",
    "Condition",
    "Hyperparameter",
    "Interval",
    "Kind",
    "Value",
    "is_own",
]
