"""What a study's trials say, read once each."""

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
"""What a finished trial is an example of; None if it says nothing."""

LOW, HIGH = "low", "high"
"""Labels of trials whose value lies at or below a threshold, and above it."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A trial that is labelled.

    Attributes:
        number: Of the trial.
        params: Its hyperparameters.
        label: None where only its value is known.
        value: NaN where it has none.
    """

    number: int
    params: Mapping[str, Any]
    label: Hashable | None
    value: float


class TrialBook:
    """The trials of one study; a trial that is finished is read once.

    Only what the study's storage holds decides, so that a restart changes nothing.

    Args:
        label: Of a finished trial.
        params: Hyperparameters of a trial as the sampler is to see them.
    """

    def __init__(self, label: Label, params: Callable[[FrozenTrial], Mapping[str, Any]]) -> None:
        self._label = label
        self._params = params
        self._seen = 0
        self._open: set[int] = set()
        self._known: dict[int, Known] = {}
        self._order: list[tuple[datetime, int]] = []
        self._silent: dict[int, Mapping[str, Any]] = {}
        self._pending: dict[int, Mapping[str, Any]] = {}
        self.axes: dict[str, BaseDistribution] = {}

    def update(self, study: Study, *, besides: int) -> None:
        """Reads what is new.

        Args:
            study: Always the same one.
            besides: Number of the trial that is being sampled: it is left out.
        """
        trials = study.get_trials(deepcopy=False)
        self._open.update(range(self._seen, len(trials)))
        self._seen = len(trials)
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
        known = Known(number=trial.number, params=params, label=label, value=value)
        self._known[trial.number] = known
        insort(self._order, (trial.datetime_complete or datetime.min, trial.number))

    @property
    def known(self) -> int:
        """Number of trials that are labelled."""
        return len(self._order)

    def first(self, count: int) -> list[Known]:
        """The first trials that were labelled, in the order in which they were finished."""
        return [self._known[number] for _, number in self._order[:count]]

    def others(self, count: int) -> dict[int, Mapping[str, Any]]:
        """Hyperparameters of all trials but those first ones, by number.

        Trials that failed for reasons of their own are among them for ever: a place that
        cannot be trained at is left, not tried again and again.
        """
        later = {number: self._known[number].params for _, number in self._order[count:]}
        return dict(sorted({**later, **self._silent, **self._pending}.items()))

    @property
    def pending(self) -> Mapping[int, Mapping[str, Any]]:
        """Hyperparameters of trials that are not finished, by number."""
        return self._pending


def labels_of(known: list[Known], threshold: float | None) -> list[Hashable | None]:
    """The label of each trial.

    Args:
        known: Trials. If any has a label of its own, these count, else the values do.
        threshold: Of values; None takes the median of these trials' values.

    Returns:
        None for a trial that says nothing.
    """
    if any(each.label is not None for each in known):
        return [each.label for each in known]
    values = sorted(each.value for each in known)
    level = threshold if threshold is not None else values[(len(values) - 1) // 2]
    return [LOW if each.value <= level else HIGH for each in known]


def attribute_label(name: str) -> Label:
    """Reads the label from a user attribute of that name."""

    def label(trial: FrozenTrial) -> Hashable | None:
        found = trial.user_attrs.get(name)
        return found if isinstance(found, Hashable) else None

    return label


def _value(trial: FrozenTrial) -> float:
    if trial.state is not TrialState.COMPLETE or not trial.values:
        return math.nan
    value = trial.values[0]
    return math.nan if value is None else float(value)
