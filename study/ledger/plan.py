"""How the trials of a study go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from optuna.samplers import BaseSampler
from optuna.trial import BaseTrial

from search_spaces.samplers import Numbering
from study.trial import HyperparameterValue


class SearchSpaceLike(Protocol):
    """What the ledger needs of a search space."""

    def suggest(self, trial: BaseTrial, /) -> Mapping[str, HyperparameterValue]:
        """Every hyperparameter of this trial, fixed ones included."""


@dataclass(frozen=True, kw_only=True)
class LedgerPlan:
    """How the trials of a study go on.

    Attributes:
        sampler: Samples new trials.
        space: Suggests the hyperparameters of a trial.
        description: The study's space and settings (JSON), kept with the study.
        numbering: Says which configuration a trial has, and which trials confirm a region.
        numeric_lists: Whether choices among numbers are stored as ranges, so that they may change.
    """

    sampler: BaseSampler
    space: SearchSpaceLike
    description: Mapping[str, Any]
    numbering: Numbering = field(default_factory=Numbering)
    numeric_lists: bool = False
