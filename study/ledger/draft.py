"""A trial sampled before the storage knows it, so that it enters the storage in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from search_spaces.samplers import SYSTEM_DESIGN


def stored_axis(axis: BaseDistribution) -> BaseDistribution:
    """The range of a choice among whole numbers or among fractions; every other axis as it is."""
    if not isinstance(axis, CategoricalDistribution):
        return axis
    kinds = {type(choice) for choice in axis.choices}
    if kinds == {int}:
        return IntDistribution(min(axis.choices), max(axis.choices))
    return FloatDistribution(min(axis.choices), max(axis.choices)) if kinds == {float} else axis


class DraftTrial(FixedTrial):
    """What `Study.ask` gives, but nothing is stored yet.

    Optuna stores a trial, then each of its parameters, and holds each parameter against those of
    earlier trials, for a journal file by going through them: where an axis came with a later
    space version, the cost of a trial would grow with the trials before.

    Args:
        study: Whose sampler is asked.
        number: That the trial will get.
    """

    def __init__(self, study: optuna.Study, number: int) -> None:
        super().__init__({}, number)
        self._study = study
        self._frozen = FrozenTrial(
            number=number,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=datetime.now(),
            datetime_complete=None,
            params=self._params,
            distributions=self._distributions,
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=-1,
        )
        study.sampler.before_trial(study, self._frozen)

    @property
    def design(self) -> str | None:
        """What the sampler placed the trial for, where it says so."""
        design = self._frozen.system_attrs.get(SYSTEM_DESIGN)
        return design if isinstance(design, str) else None

    def finished(self, attributes: Mapping[str, Any], *, numeric_lists: bool) -> FrozenTrial:
        """The trial as it is to be stored, RUNNING, with these user attributes.

        Args:
            attributes: User attributes.
            numeric_lists: Whether choices among numbers are stored as the range of these numbers,
                which Optuna lets change from trial to trial, while a list of choices is for good.
        """
        stored = self.distributions
        if numeric_lists:
            stored = {name: stored_axis(axis) for name, axis in stored.items()}
        return optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=self.params,
            distributions=stored,
            user_attrs=dict(attributes),
        )

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._params:
            together = self._together
            self._params[name] = (
                together[name]
                if name in together
                and distribution._contains(distribution.to_internal_repr(together[name]))
                else self._study.sampler.sample_independent(
                    self._study, self._frozen, name, distribution
                )
            )
        return super()._suggest(name, distribution)

    @cached_property
    def _together(self) -> dict[str, Any]:
        """The parameters that are sampled jointly."""
        sampler = self._study.sampler
        space = sampler.infer_relative_search_space(self._study, self._frozen)
        return sampler.sample_relative(self._study, self._frozen, space)
