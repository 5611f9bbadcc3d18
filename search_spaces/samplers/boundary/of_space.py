"""The boundary sampler of a gradscape study."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

from optuna.trial import FrozenTrial

from search_spaces.errors import InputError
from search_spaces.samplers.boundary.candidates import Applying
from search_spaces.samplers.boundary.model import CohortKey
from search_spaces.samplers.boundary.sampler import BoundarySampler
from search_spaces.samplers.numbering import Numbering
from search_spaces.samplers.space_versions import SpaceVersions
from search_spaces.space import SearchSpace


def boundary_sampler(versions: SpaceVersions, *, seed: int) -> BoundarySampler:
    """Maps the verdicts of a study's last space version, with what earlier ones have found.

    Args:
        versions: The study's; the last one's space is sampled.
        seed: The study's seed, >= 0.
    """
    last, numbering = versions.all[-1], versions.numbering
    space = last.space
    return BoundarySampler(
        seed=seed,
        axes=space.axes,
        applying=_applying(space),
        cohort_key=_cohort_key(space),
        seeds=numbering.seeds[0].seeds if numbering.plain else 1,
        configuration=None if numbering.plain else _configuration_since(numbering, last.first),
        params=_params_of_last(versions),
        first=last.first,
    )


def _configuration_since(numbering: Numbering, first: int) -> Callable[[int], int | None]:
    before = numbering.configurations_before(first)

    def configuration(number: int) -> int | None:
        own = numbering.design_configuration(number)
        return None if own is None else own - before

    return configuration


def _applying(space: SearchSpace) -> Applying:
    """Returns which axes apply, worked out once for each combination of the owners' values."""
    owners = sorted({c.owner for each in space.entries for c in each.hyperparameter.conditions})
    known: dict[tuple[Any, ...], Collection[str]] = {}

    def applying(values: Mapping[str, Any]) -> Collection[str]:
        key = tuple(values.get(name) for name in owners)
        if key not in known:
            known[key] = space.applying(values)
        return known[key]

    return applying


def _cohort_key(space: SearchSpace) -> CohortKey:
    fusible = {each.name for each in space.catalogue if each.fusible}
    shape = [name for name in space.axes if name not in fusible]

    def cohort_key(params: Mapping[str, Any]) -> Hashable:
        # What is fixed is alike in all trials: `SearchSpace.cohort_key` would be slower.
        return tuple(params.get(name) for name in shape)

    return cohort_key


def _params_of_last(versions: SpaceVersions) -> Callable[[FrozenTrial], Mapping[str, Any]]:
    """Returns a trial's values on the last version's axes, with what an earlier one had fixed."""
    last = len(versions.all) - 1
    axes = versions.all[-1].space.axes

    def params(trial: FrozenTrial) -> Mapping[str, Any]:
        index = versions.index_of(trial.number)
        if index == last:
            return trial.params
        try:
            values = versions.all[index].space.resolve(trial.params)
        except InputError:
            # A trial that was asked but never suggested to has only some of its values.
            return trial.params
        return {name: values[name] for name in axes if name in values}

    return params
