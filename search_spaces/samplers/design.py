"""One Optuna sampler for every design that is known before the first result."""

from __future__ import annotations

from typing import Any, Protocol

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from search_spaces.catalogue import Value
from search_spaces.samplers.numbering import Numbering
from search_spaces.space import SearchSpace

DESIGN = "design"
"""Attribute of a trial: `space-filling` or `boundary`; a user attribute in gradscape's studies,
a system attribute `boundary:design` where Optuna itself makes the trials."""

SYSTEM_DESIGN = "boundary:design"


class Design(Protocol):
    """A list of configurations, each computed from its number alone."""

    def values(self, configuration: int) -> dict[str, Value]:
        """Returns values on the axes; those that do not apply are never asked for."""


class DesignSampler(BaseSampler):
    """Gives each trial the configuration of its number, whatever ran, died or restarted before.

    Optuna's own samplers do not: a seeded RandomSampler repeats its stream after a restart,
    and QMCSampler keeps its counter in the storage and reads all trials for it.

    Args:
        design: The configurations.
        space: What varies.
        numbering: Says which configuration a trial has.
        first: Place of the trial that gets the design's first configuration.
    """

    def __init__(
        self, *, design: Design, space: SearchSpace, numbering: Numbering, first: int = 0
    ) -> None:
        self._design = design
        self._space = space
        self._numbering = numbering
        self._before = numbering.configurations_before(first)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return dict(self._space.axes)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        configuration = self._numbering.design_configuration(trial.number)
        if configuration is None:
            raise ValueError(f"trial {trial.number} confirms a region; it is not of the design")
        return self._design.values(configuration - self._before)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        known = ", ".join(self._space.axes)
        raise ValueError(
            f"{param_name!r} with {param_distribution} is no axis of this study; axes: {known}"
        )
