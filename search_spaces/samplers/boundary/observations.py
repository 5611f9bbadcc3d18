"""The trials of a study as the boundary sampler observes them, each read once."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

Label = Callable[[FrozenTrial], Hashable | None]
"""Returns what a finished trial is an example of; None if it says nothing."""

LOW, HIGH = "low", "high"
"""Labels of trials whose value lies at or below a threshold, and above it."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A finished trial that says something.

    Attributes:
        number: The trial's number, >= 0.
        params: Hyperparameters as the sampler is to see them.
        label: None where only its value is known.
        value: NaN where it has none.
    """

    number: int
    params: Mapping[str, Any]
    label: Hashable | None
    value: float


class Observations:
    """The trials of one study: those with a label or value, and all others.

    Only what the study's storage holds decides, so that a restart changes nothing.

    Args:
        label: Labels a finished trial.
        params: Returns the hyperparameters of a trial as the sampler is to see them.

    Attributes:
        axes: Distributions of all hyperparameters that a trial has had, by name.
    """

    def __init__(self, label: Label, params: Callable[[FrozenTrial], Mapping[str, Any]]) -> None:
        self._label = label
        self._params = params
        self._count = 0
        self._open: set[int] = set()
        self._observed: dict[int, Observation] = {}
        self._order: list[tuple[datetime, int]] = []
        self._silent: dict[int, Mapping[str, Any]] = {}
        self._pending: dict[int, Mapping[str, Any]] = {}
        self.axes: dict[str, BaseDistribution] = {}

    def update(self, study: Study, *, besides: int) -> None:
        """Reads what is new in the study.

        Args:
            study: Always the same one.
            besides: Number of the trial that is being sampled: it is left out.
        """
        # Only trials that were open at the last call or came since: with thousands of trials the
        # finished ones would make each proposal as slow as the study is long.
        trials = study.get_trials(deepcopy=False)
        self._open.update(range(self._count, len(trials)))
        self._count = len(trials)
        for number in sorted(self._open):
            trial = trials[number]
            if trial.state.is_finished():
                self._open.discard(number)
                self._pending.pop(number, None)
                self._read(trial)
            elif number == besides:
                self._pending.pop(number, None)
            elif len(self._pending.get(number, ())) != len(trial.params):
                self._pending[number] = self._params(trial)
                self.axes |= trial.distributions

    def _read(self, trial: FrozenTrial) -> None:
        self.axes |= trial.distributions
        params = self._params(trial)
        label = self._label(trial)
        value = _value(trial)
        if trial.state is TrialState.FAIL or (label is None and math.isnan(value)):
            self._silent[trial.number] = params
            return
        observation = Observation(number=trial.number, params=params, label=label, value=value)
        self._observed[trial.number] = observation
        # By time of completion: the model is fitted to the first so many, which later results
        # must not change, whatever the numbers of their trials.
        insort(self._order, (trial.datetime_complete or datetime.min, trial.number))

    @property
    def known(self) -> int:
        """Number of trials with a label or value."""
        return len(self._order)

    def first(self, count: int) -> list[Observation]:
        """Returns the first observations, in the order in which their trials were finished."""
        return [self._observed[number] for _, number in self._order[:count]]

    def others(self, count: int) -> dict[int, Mapping[str, Any]]:
        """Returns the hyperparameters of all trials but those first ones, by number.

        Trials that failed for reasons of their own are always among them: a point that cannot
        be trained at is left, not tried again and again.
        """
        later = {number: self._observed[number].params for _, number in self._order[count:]}
        return dict(sorted({**later, **self._silent, **self._pending}.items()))

    @property
    def pending(self) -> Mapping[int, Mapping[str, Any]]:
        """Hyperparameters of trials that are not finished, by number."""
        return self._pending


def labels_of(observations: list[Observation], threshold: float | None) -> list[Hashable | None]:
    """Returns the label of each observation; None for one that says nothing.

    Args:
        observations: If any has a label of its own, labels count, else values do.
        threshold: Splits the values into `LOW` and `HIGH`; None takes their median.
    """
    if any(each.label is not None for each in observations):
        return [each.label for each in observations]
    values = sorted(each.value for each in observations)
    level = threshold if threshold is not None else values[(len(values) - 1) // 2]
    return [LOW if each.value <= level else HIGH for each in observations]


def attribute_label(name: str) -> Label:
    """Returns a label that is read from the user attribute of that name."""

    def label(trial: FrozenTrial) -> Hashable | None:
        attribute = trial.user_attrs.get(name)
        return attribute if isinstance(attribute, Hashable) else None

    return label


def _value(trial: FrozenTrial) -> float:
    if trial.state is not TrialState.COMPLETE or not trial.values:
        return math.nan
    value = trial.values[0]
    return math.nan if value is None else float(value)
