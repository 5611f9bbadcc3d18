"""The boundary sampler of a gradscape study."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from optuna.trial import FrozenTrial

from search_spaces.errors import InputError
from search_spaces.samplers.boundary.sampler import BoundarySampler
from search_spaces.samplers.boundary.theory import theory_features
from search_spaces.samplers.space_versions import Generations


def boundary_sampler(
    generations: Generations, *, seed: int, seeds: int, physics: bool = True
) -> BoundarySampler:
    """Maps the verdicts of a study's last generation, with what earlier ones have found.

    Args:
        generations: Of the study; the last one's space is sampled.
        seed: The study's seed.
        seeds: Trials a configuration.
        physics: Whether what mean-field theory expects is part of the model, where it speaks.
    """
    last = generations.all[-1]
    space = last.space

    owners = sorted({c.owner for each in space.entries for c in each.hyperparameter.conditions})
    fusible = {each.name for each in space.catalogue if each.fusible}
    shape = [name for name in space.axes if name not in fusible]
    known: dict[tuple[Any, ...], Collection[str]] = {}

    def applying(values: Mapping[str, Any]) -> Collection[str]:
        key = tuple(values.get(name) for name in owners)
        if key not in known:
            known[key] = space.applying(values)
        return known[key]

    def cohort_key(params: Mapping[str, Any]) -> Hashable:
        # What is fixed is alike in all trials: `SearchSpace.cohort_key` would be slower.
        return tuple(params.get(name) for name in shape)

    def params(trial: FrozenTrial) -> Mapping[str, Any]:
        """With what an earlier generation had fixed and this one varies."""
        place = generations.place(trial.number)
        if place == len(generations.all) - 1:
            return trial.params
        try:
            values = generations.all[place].space.resolve(trial.params)
        except InputError:
            return trial.params
        return {name: values[name] for name in space.axes if name in values}

    return BoundarySampler(
        seed=seed,
        axes=space.axes,
        applying=applying,
        features=theory_features(space) if physics else None,
        cohort_key=cohort_key,
        seeds=seeds,
        params=params,
        first=last.first,
    )
