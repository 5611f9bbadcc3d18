"""A study whose space was changed: the trials of each version are sampled from its own space."""

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
from search_spaces.samplers.numbering import Numbering
from search_spaces.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class SpaceVersion:
    """A space and the trials that have it: from a number on, up to the next version's first.

    Attributes:
        first: Place of its first trial (`numbering.Numbering`), at which a configuration begins,
            so that none lies in two versions.
        space: What it fixes and varies.
    """

    first: int
    space: SearchSpace


class SpaceVersions:
    """All versions of a study's space.

    Args:
        versions: At least one, the first from trial 0 on, in the order of their trials.
        numbering: Says which configuration a trial has, and which trials confirm a region.

    Raises:
        ValueError: If they do not begin at trial 0, or their first trials do not go up.
    """

    def __init__(
        self, versions: Sequence[SpaceVersion], numbering: Numbering | None = None
    ) -> None:
        self.all = tuple(versions)
        self.numbering = numbering or Numbering()
        self._firsts = [each.first for each in self.all]
        if self._firsts[:1] != [0] or sorted(set(self._firsts)) != self._firsts:
            raise ValueError(f"space versions must begin at 0 and go up, but got {self._firsts}")

    def index_of(self, number: int) -> int:
        """Returns which version a trial has, counted from 0.

        Args:
            number: The trial's number, >= 0. One that confirms a region has the version of the
                sampler's trial before it.
        """
        block = self.numbering.block(number)
        if block is not None:
            return bisect_right(self._firsts, max(0, block.place - 1)) - 1
        return (
            bisect_right(self._firsts, self.numbering.place(self.numbering.first_of(number))) - 1
        )

    def suggest(self, trial: BaseTrial) -> dict[str, Value]:
        """Asks Optuna for the trial's configuration, see `SearchSpace.suggest`."""
        assert isinstance(trial, (optuna.trial.Trial, optuna.trial.FixedTrial))
        return self.all[self.index_of(trial.number)].space.suggest(trial)


class SpaceVersionsSampler(BaseSampler):
    """Hands each trial to the sampler of its space version.

    Args:
        versions: The study's, from the first on.
        samplers: One for each version, in the same order.
    """

    def __init__(self, versions: SpaceVersions, samplers: Sequence[BaseSampler]) -> None:
        self._versions = versions
        self._samplers = tuple(samplers)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._sampler_of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._sampler_of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        sampler = self._sampler_of(trial)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def _sampler_of(self, trial: FrozenTrial) -> BaseSampler:
        return self._samplers[self._versions.index_of(trial.number)]


Maker = Callable[[SpaceVersions, int], BaseSampler]
"""Makes the sampler of the last of some space versions, from them and the study's seed."""


def sampler_of_versions(make: Maker, versions: SpaceVersions, *, seed: int) -> BaseSampler:
    """Makes the sampler of a study, which gives each trial what its space version gives it.

    Args:
        make: Makes one version's sampler; it is passed that version and those before it.
        versions: The study's, from the first on.
        seed: The study's seed, >= 0.
    """
    samplers = [
        make(SpaceVersions(versions.all[: index + 1], versions.numbering), seed)
        for index in range(len(versions.all))
    ]
    return samplers[0] if len(samplers) == 1 else SpaceVersionsSampler(versions, samplers)
