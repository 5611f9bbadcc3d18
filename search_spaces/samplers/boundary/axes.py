"""A search space as the columns of the stability classifier."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.stability_classifier import Axis, Encoder
from search_spaces.stability_classifier.axes import is_number, name_of

Floats = NDArray[np.float64]

Features = Callable[[Mapping[str, Any]], Sequence[float]]
"""Computes further columns from hyperparameters."""


def encoder_of(axes: Mapping[str, BaseDistribution], optional: Collection[str]) -> Encoder:
    """Returns the columns of a space.

    Args:
        axes: Distributions by name.
        optional: Hyperparameters that some settings lack.
    """
    return Encoder(tuple(_axis(name, axes[name], name in optional) for name in sorted(axes)))


def lacking(
    axes: Mapping[str, BaseDistribution], settings: Sequence[Mapping[str, Any]]
) -> frozenset[str]:
    """Returns the hyperparameters that at least one of the settings lacks."""
    return frozenset(name for name in axes if any(name not in each for each in settings))


def _axis(name: str, axis: BaseDistribution, optional: bool) -> Axis:
    if isinstance(axis, CategoricalDistribution):
        numbers = sorted({float(each) for each in axis.choices if is_number(each)})
        names = tuple(name_of(each) for each in axis.choices if not is_number(each))
        if len(numbers) < 2:
            texts = tuple(str(each) if is_number(each) else name_of(each) for each in axis.choices)
            return Axis(name=name, names=texts, optional=optional)
        # A person's list is evenly spaced, whatever its numbers.
        log = numbers[0] > 0
        return Axis(name=name, knots=tuple(numbers), log=log, names=names, optional=optional)
    assert isinstance(axis, (FloatDistribution, IntDistribution))
    low, high = float(axis.low), float(axis.high)
    if high <= low:  # A range of one value: any second knot serves.
        high = low + 1.0
    return Axis(name=name, knots=(low, high), log=axis.log, optional=optional)


class TrialColumns:
    """The columns of trials and candidates; those of a trial are computed once.

    Args:
        axes: Distributions by name.
        optional: Hyperparameters that some settings lack.
    """

    def __init__(self, axes: Mapping[str, BaseDistribution], optional: Collection[str]) -> None:
        self.axes = dict(axes)
        self.optional = frozenset(optional)
        self.encoder = encoder_of(axes, optional)
        self._by_number: dict[int, Floats] = {}

    def of_trials(self, trials: Mapping[int, Mapping[str, Any]]) -> Floats:
        """Returns the columns [N, D] of trials, by their numbers."""
        new = [number for number in trials if number not in self._by_number]
        columns = self.of([trials[number] for number in new])
        self._by_number.update(zip(new, columns, strict=True))
        known = [self._by_number[number] for number in trials]
        return np.array(known) if known else columns

    def of(self, settings: Sequence[Mapping[str, Any]]) -> Floats:
        """Returns the columns [M, D] of any settings."""
        return self.encoder.of_settings(settings)
