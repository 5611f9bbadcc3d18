"""Fresh configurations from a part of a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.catalogue import Value
from search_spaces.catalogue.hyperparameter import NONE
from search_spaces.errors import InputError
from search_spaces.samplers.cube import RandomDesign
from search_spaces.space import SearchSpace

Where = Mapping[str, Any]
"""A box: by hyperparameter the names inside, or the bounds `low` and `high` of its numbers, either
of which may be missing; "none" is a limit that is off, above all numbers."""


class BoxDesign:
    """Independent configurations, uniform in a box as each axis counts: by ratio where it is log.

    Args:
        space: What the study fixes and varies.
        where: The box. Conditions hold where their hyperparameter does not apply.
        seed: Seeds the configurations, >= 0.

    Raises:
        InputError: If the box names what the space does not have, or nothing lies in it.
    """

    def __init__(self, *, space: SearchSpace, where: Where, seed: int) -> None:
        self._space = space
        _check_fixed(space, where)
        axes = {
            name: _inside(name, axis, where[name]) if name in where else axis
            for name, axis in space.axes.items()
        }
        self._design = RandomDesign(axes=axes, seed=seed)

    def configuration(self, number: int) -> dict[str, Value]:
        """Returns all hyperparameters of one configuration, a pure function of its number."""
        return self._space.resolve(self._design.values(number))


def _check_fixed(space: SearchSpace, where: Where) -> None:
    for name, condition in where.items():
        if name in space.axes:
            continue
        if name not in space.fixed:
            raise InputError("the box has a condition on it, but the space has no such", key=name)
        if not _holds(condition, space.fixed[name]):
            raise InputError(
                f"the box excludes {space.fixed[name]}, to which the study file fixes it", key=name
            )


def _inside(name: str, axis: BaseDistribution, condition: object) -> BaseDistribution:
    """Returns the part of an axis that a condition leaves."""
    if isinstance(axis, CategoricalDistribution):
        left = [choice for choice in axis.choices if _holds(condition, choice)]
        if not left:
            raise _empty(name)
        return CategoricalDistribution(left)
    assert isinstance(axis, (FloatDistribution, IntDistribution))
    low, high = _bounds(condition)
    if isinstance(axis, IntDistribution):
        step = axis.step
        first = axis.low + step * max(0, math.ceil((max(low, axis.low) - axis.low) / step))
        last = axis.low + step * math.floor((min(high, axis.high) - axis.low) / step)
        if first > last:
            raise _empty(name)
        return IntDistribution(first, last, log=axis.log, step=step)
    low, high = max(low, axis.low), min(high, axis.high)
    if axis.step is not None:
        # A little inside: 0.3 is a multiple of 0.1 though 0.3 / 0.1 is less than 3.
        low = axis.low + axis.step * math.ceil((low - axis.low) / axis.step - 1e-9)
        high = axis.low + axis.step * math.floor((high - axis.low) / axis.step + 1e-9)
    if low > high:
        raise _empty(name)
    return FloatDistribution(low, high, log=axis.log, step=axis.step)


def _holds(condition: object, value: object) -> bool:
    if isinstance(condition, Sequence) and not isinstance(condition, str):
        return str(value) in {str(name) for name in condition}
    low, high = _bounds(condition)
    number = math.inf if value == NONE else value
    return isinstance(number, (int, float)) and low <= number <= high


def _bounds(condition: object) -> tuple[float, float]:
    assert isinstance(condition, Mapping)
    low, high = condition.get("low", -math.inf), condition.get("high", math.inf)
    return (math.inf if low == NONE else float(low)), (math.inf if high == NONE else float(high))


def _empty(name: str) -> InputError:
    return InputError("nothing of its axis lies in the box", key=name)
