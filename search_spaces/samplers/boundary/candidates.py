"""Points of a search space that a trial might be placed at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from search_spaces.samplers.cube import cube_values

Applying = Callable[[Mapping[str, Any]], Collection[str]]
"""Names of the hyperparameters that apply, from values for all of them."""


def candidates(
    axes: Mapping[str, BaseDistribution], *, count: int, seed: Sequence[int], applying: Applying
) -> list[dict[str, Any]]:
    """Settings spread evenly over the space, each with the hyperparameters that apply to it.

    Args:
        axes: Distributions by name.
        count: A power of two is spread most evenly.
        seed: Of the points, non-negative integers.
        applying: Tells which hyperparameters apply.
    """
    from scipy.stats import qmc

    if not axes:
        return [{}] * count
    engine = qmc.Sobol(len(axes), scramble=True, rng=np.random.default_rng(list(seed)))
    found = []
    for point in engine.random(count):
        values = cube_values(axes, point)
        kept = applying(values)
        found.append({name: value for name, value in values.items() if name in kept})
    return found


def learned_conditions(
    axes: Mapping[str, BaseDistribution], settings: Sequence[Mapping[str, Any]]
) -> Applying:
    """When hyperparameters apply, from the trials of a study that is defined by running it.

    A hyperparameter that some trials lack is held to apply where the choice that tells best
    has a value with which trials had it; where no choice tells, it always applies.

    Args:
        axes: Distributions by name.
        settings: Of trials that have all their hyperparameters.
    """
    owners = [name for name, axis in axes.items() if isinstance(axis, CategoricalDistribution)]
    rules: dict[str, tuple[str, frozenset[Any]]] = {}
    for name in axes:
        having = [name in each for each in settings]
        if all(having):
            continue
        for owner in owners:
            if owner == name:
                continue
            values = [each.get(owner, _ABSENT) for each in settings]
            have = {value for value, has in zip(values, having, strict=True) if has}
            lack = {value for value, has in zip(values, having, strict=True) if not has}
            if not have & lack:
                rules[name] = (owner, frozenset(have))
                break

    def applying(values: Mapping[str, Any]) -> Collection[str]:
        kept = set(values)
        for name, (owner, having) in rules.items():
            if name in kept and values.get(owner, _ABSENT) not in having:
                kept.discard(name)
        # An owner that fell away takes along what it owns, unless that goes without it.
        for name, (owner, having) in rules.items():
            if name in kept and owner not in kept and _ABSENT not in having:
                kept.discard(name)
        return kept

    return applying


class _Absent:
    """Stands for a hyperparameter that a trial lacks."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()
