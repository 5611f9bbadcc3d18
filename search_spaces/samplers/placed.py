"""Trials that no sampler chooses: further seeds of a configuration, and those that confirm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from search_spaces.samplers.box import BoxDesign
from search_spaces.samplers.design import DESIGN, SYSTEM_DESIGN
from search_spaces.samplers.numbering import ConfirmingBlock
from search_spaces.samplers.space_versions import SpaceVersions

CONFIRMING = "confirming"
"""Design of a trial that tests a region; it is no even sample of the space."""

_STREAM = 0xC0F1
"""Sets the configurations that confirm apart from those of samplers."""


class PlacedSampler(BaseSampler):
    """Hands trials to the study's sampler, but those whose values follow from their numbers.

    Args:
        versions: The study's, with the numbering of its trials.
        sampler: The study's; asked for the first trial of each of its configurations alone.
        seed: The study's seed, >= 0.
    """

    def __init__(self, versions: SpaceVersions, sampler: BaseSampler, *, seed: int) -> None:
        self._versions = versions
        self._numbering = versions.numbering
        self._sampler = sampler
        self._seed = seed

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        if self._known(study, trial) is not None:
            return {}
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if self._known(study, trial) is not None:
            return {}
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        known = self._known(study, trial)
        if known is not None and param_name in known:
            return known[param_name]
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def _known(self, study: Study, trial: FrozenTrial) -> Mapping[str, Any] | None:
        """Returns values that follow from the trial's number; None for one of the sampler."""
        block = self._numbering.block(trial.number)
        if block is not None:
            trial.system_attrs[SYSTEM_DESIGN] = CONFIRMING
            return self._inside(block, trial.number)
        first = self._numbering.first_of(trial.number)
        if first == trial.number:
            return None
        earlier = study.get_trials(deepcopy=False)[first]
        if DESIGN in earlier.user_attrs:
            trial.system_attrs[SYSTEM_DESIGN] = earlier.user_attrs[DESIGN]
        return earlier.params

    def _inside(self, block: ConfirmingBlock, number: int) -> Mapping[str, Any]:
        """Returns the values of a trial, a pure function of region, number and seed."""
        entropy = [self._seed, _STREAM, *json.dumps(dict(block.where), sort_keys=True).encode()]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        space = self._versions.all[self._versions.index_of(number)].space
        return BoxDesign(space=space, where=block.where, seed=seed).configuration(number)
