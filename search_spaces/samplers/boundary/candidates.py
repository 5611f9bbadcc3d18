"""Points of a search space that a trial may be placed at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from search_spaces.samplers.cube import cube_values

Applying = Callable[[Mapping[str, Any]], Collection[str]]
"""Returns the names of the hyperparameters that apply, from values for all of them."""


def candidates(
    axes: Mapping[str, BaseDistribution], *, count: int, seed: Sequence[int], applying: Applying
) -> list[dict[str, Any]]:
    """Spreads settings evenly over the space, each with the hyperparameters that apply to it.

    Args:
        axes: Distributions by name.
        count: Number of settings, >= 1; a power of two is spread most evenly.
        seed: Non-negative integers, all of which count.
        applying: Says which hyperparameters apply.
    """
    from scipy.stats import qmc

    if not axes:
        return [{}] * count
    engine = qmc.Sobol(len(axes), scramble=True, rng=np.random.default_rng(list(seed)))
    settings = []
    for point in engine.random(count):
        values = cube_values(axes, point)
        kept = applying(values)
        settings.append({name: value for name, value in values.items() if name in kept})
    return settings


def learned_conditions(
    axes: Mapping[str, BaseDistribution], settings: Sequence[Mapping[str, Any]]
) -> Applying:
    """Learns when hyperparameters apply from the trials of a study that is defined by running it.

    A hyperparameter that some trials lack is taken to apply where the first choice that separates
    those trials has a value with which trials had it; where none does, it always applies.

    Args:
        axes: Distributions by name.
        settings: Hyperparameters of trials that have all that they ask for.
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
