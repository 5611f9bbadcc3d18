"""A study whose space was changed: each generation of trials is sampled from its own space."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import BaseTrial, FrozenTrial

from search_spaces.catalogue import Value
from search_spaces.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class Generation:
    """The trials from a number on, up to the next generation's first.

    Attributes:
        first: Number of its first trial; the first of a configuration.
        space: What it fixes and varies.
    """

    first: int
    space: SearchSpace


class Generations:
    """All generations of a study.

    Args:
        generations: At least one, the first from trial 0 on, in the order of their trials.
    """

    def __init__(self, generations: Sequence[Generation]) -> None:
        self.all = tuple(generations)
        self._firsts = [each.first for each in self.all]
        if self._firsts[:1] != [0] or sorted(set(self._firsts)) != self._firsts:
            raise ValueError(f"generations must begin at 0 and go up, but got {self._firsts}")

    def place(self, number: int) -> int:
        """Which generation the trial belongs to, from 0."""
        return bisect_right(self._firsts, number) - 1

    def suggest(self, trial: BaseTrial) -> dict[str, Value]:
        """Ask Optuna for the trial's configuration, see `SearchSpace.suggest`."""
        assert isinstance(trial, (optuna.trial.Trial, optuna.trial.FixedTrial))
        return self.all[self.place(trial.number)].space.suggest(trial)


class GenerationsSampler(BaseSampler):
    """Each trial gets what the sampler of its generation gives it.

    Args:
        generations: Of the study.
        samplers: One each.
    """

    def __init__(self, generations: Generations, samplers: Sequence[BaseSampler]) -> None:
        self._generations = generations
        self._samplers = tuple(samplers)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        return self._samplers[self._generations.place(trial.number)]


Maker = Callable[[Sequence[Generation], int, int], BaseSampler]
"""Makes the sampler of the last of some generations, from them and the study's seed and seeds."""


def sampler_of_all(make: Maker, generations: Generations, *, seed: int, seeds: int) -> BaseSampler:
    """The sampler of a study.

    Args:
        make: Of the kind of sampler.
        generations: Of the study.
        seed: The study's seed.
        seeds: Trials a configuration.
    """
    samplers = [
        make(generations.all[: place + 1], seed, seeds) for place in range(len(generations.all))
    ]
    return samplers[0] if len(samplers) == 1 else GenerationsSampler(generations, samplers)
