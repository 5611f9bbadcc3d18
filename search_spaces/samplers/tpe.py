"""Optuna's TPE, with several trials a configuration and without repeating after a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial


class ConfigurationTPESampler(BaseSampler):
    """Multivariate TPE whose later seeds of a configuration copy the earlier ones' values.

    Each configuration has random numbers of its own: one seeded stream would start again
    after a restart and propose the same start-up points twice. Trials are asked by one thread.

    Args:
        seed: The study's seed, >= 0.
        seeds: Trials a configuration, >= 1.
        configuration: Which configuration a trial has by its number, counted from 0; by default
            number // seeds.
        joint: Axes that are sampled together. None takes them, as Optuna does, from the trials
            that there are, with the ranges that those had: after a range was changed that would
            leave its new parts out.
    """

    def __init__(
        self,
        *,
        seed: int,
        seeds: int,
        configuration: Callable[[int], int | None] | None = None,
        joint: Mapping[str, BaseDistribution] | None = None,
    ) -> None:
        self._seed = seed
        self._seeds = seeds
        self._configuration = configuration or (lambda number: number // seeds)
        self._joint = joint
        self._current = (0, self._make(0))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        if self._siblings(study, trial):
            return {}
        if self._joint is not None:
            return dict(self._joint)
        return self._tpe(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if not search_space:
            return {}
        return self._tpe(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        for sibling in self._siblings(study, trial):
            if param_name in sibling.params:
                return sibling.params[param_name]
        return self._tpe(trial).sample_independent(study, trial, param_name, param_distribution)

    def _siblings(self, study: Study, trial: FrozenTrial) -> list[FrozenTrial]:
        """Returns the other trials of the configuration that have got values already."""
        first = trial.number // self._seeds * self._seeds
        numbers = [each for each in range(first, first + self._seeds) if each != trial.number]
        if not numbers:
            return []
        trials = study.get_trials(deepcopy=False)
        return [
            trials[number] for number in numbers if number < len(trials) and trials[number].params
        ]

    def _tpe(self, trial: FrozenTrial) -> TPESampler:
        configuration = self._configuration(trial.number) or 0
        if self._current[0] != configuration:
            self._current = (configuration, self._make(configuration))
        return self._current[1]

    def _make(self, configuration: int) -> TPESampler:
        state = np.random.SeedSequence([self._seed, configuration]).generate_state(1)
        return TPESampler(
            multivariate=True,
            group=self._joint is None,
            constant_liar=False,
            seed=int(state[0]) >> 1,
        )
