"""The catalogue itself: one more hyperparameter is one more entry in its subject's file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_spaces.catalogue.architecture import ARCHITECTURE
from search_spaces.catalogue.hyperparameter import Hyperparameter
from search_spaces.catalogue.initialization import INITIALIZATION
from search_spaces.catalogue.optimization import OPTIMIZATION
from search_spaces.catalogue.training_data import TRAINING_DATA

_ALL = (*ARCHITECTURE, *INITIALIZATION, *OPTIMIZATION, *TRAINING_DATA)

CATALOGUE: Mapping[str, Hyperparameter] = MappingProxyType({each.name: each for each in _ALL})

FUSIBLE = frozenset(each.name for each in _ALL if each.fusible)
"""Hyperparameters in which the trials of one cohort may differ."""
