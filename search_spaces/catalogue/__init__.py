"""The catalogue: every hyperparameter that a study may fix or vary."""

from search_spaces.catalogue.built_in import is_own, joined_networks, network_names, network_of
from search_spaces.catalogue.hyperparameter import (
    NONE,
    Condition,
    Hyperparameter,
    Interval,
    Kind,
    Value,
)
from search_spaces.catalogue.optimization import optimizer_default
from search_spaces.catalogue.table import CATALOGUE, FUSIBLE

__all__ = [
    "CATALOGUE",
    "FUSIBLE",
    "Condition",
    "Hyperparameter",
    "Interval",
    "NONE",
    "Kind",
    "Value",
    "is_own",
    "joined_networks",
    "network_names",
    "network_of",
    "optimizer_default",
]
