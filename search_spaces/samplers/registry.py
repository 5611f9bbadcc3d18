"""The samplers by their names in study files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import optuna

from search_spaces.catalogue import Value
from search_spaces.errors import InputError, unknown
from search_spaces.samplers.cube import RandomDesign, SobolDesign
from search_spaces.samplers.design import Design, DesignSampler
from search_spaces.samplers.grid import GridDesign, grid_cells
from search_spaces.samplers.numbering import Numbering
from search_spaces.samplers.placed import PlacedSampler
from search_spaces.samplers.space_versions import (
    Maker,
    SpaceVersion,
    SpaceVersions,
    sampler_of_versions,
)
from search_spaces.samplers.tpe import ConfigurationTPESampler
from search_spaces.space import SearchSpace

if TYPE_CHECKING:
    from search_spaces.samplers.boundary import BoundarySampler


def _qmc(versions: SpaceVersions, seed: int) -> DesignSampler:
    """Fills each version's space evenly, from its first trial on.

    Its points share no coordinate with those of an earlier version.
    """
    design = SobolDesign(axes=versions.all[-1].space.axes, seed=_seed_of(versions.all[-1], seed))
    return _designed(design, versions)


def _random(versions: SpaceVersions, seed: int) -> DesignSampler:
    """Goes on by trial number: its points are independent of each other."""
    space = versions.all[-1].space
    design = RandomDesign(axes=space.axes, seed=seed)
    return DesignSampler(design=design, space=space, numbering=versions.numbering)


def _designed(design: Design, versions: SpaceVersions) -> DesignSampler:
    """The design, begun with the first trial of the last version."""
    last = versions.all[-1]
    return DesignSampler(
        design=design, space=last.space, numbering=versions.numbering, first=last.first
    )


def _grid(versions: SpaceVersions, seed: int) -> DesignSampler:
    """Leaves out the configurations that the grids of earlier versions have run."""
    done: list[dict[str, Value]] = []
    begun = versions.numbering.configurations_before
    for version, after in pairwise(versions.all):
        design = GridDesign(space=version.space, seed=_seed_of(version, seed), done=done)
        done += grid_cells(design, version.space, begun(after.first) - begun(version.first))
    last = versions.all[-1]
    return _designed(GridDesign(space=last.space, seed=_seed_of(last, seed), done=done), versions)


def _tpe(versions: SpaceVersions, seed: int) -> ConfigurationTPESampler:
    """Learns from the trials of all versions."""
    numbering = versions.numbering
    seeds = numbering.seeds[0].seeds if numbering.plain else 1
    configuration = None if numbering.plain else numbering.design_configuration
    if len(versions.all) == 1:
        return ConfigurationTPESampler(seed=seed, seeds=seeds, configuration=configuration)
    space = versions.all[-1].space
    # Axes that only some trials have cannot be sampled jointly: TPE learns from complete rows.
    always = {each.name for each in space.entries if not each.hyperparameter.conditions}
    joint = {name: axis for name, axis in space.axes.items() if name in always}
    return ConfigurationTPESampler(
        seed=seed, seeds=seeds, configuration=configuration, joint=joint
    )


def _boundary(versions: SpaceVersions, seed: int) -> BoundarySampler:
    """Learns from the trials of all versions; each begins by filling its own space."""
    # Its model needs scipy, which no other sampler does until it samples.
    from search_spaces.samplers.boundary.of_space import boundary_sampler

    return boundary_sampler(versions, seed=seed)


def _seed_of(version: SpaceVersion, seed: int) -> int:
    """Returns the study's seed for its first trials, and others for later space versions."""
    if version.first == 0:
        return seed
    return int(np.random.SeedSequence([seed, version.first]).generate_state(1)[0])


SAMPLERS: Mapping[str, Maker] = MappingProxyType(
    {"qmc": _qmc, "random": _random, "grid": _grid, "tpe": _tpe, "boundary": _boundary}
)

_ADAPTIVE = frozenset({"tpe", "boundary"})


def make_sampler(
    name: str, *, space: SearchSpace | SpaceVersions, seed: int, seeds: int = 1
) -> optuna.samplers.BaseSampler:
    """Makes the sampler of a study.

    Args:
        name: qmc, random, grid, tpe or boundary.
        space: What varies; or the space versions of a study, with the numbering of its trials.
        seed: The study's seed, >= 0.
        seeds: Trials a configuration, >= 1, where there is no numbering: trial ``number`` has
            configuration ``number // seeds``.

    Raises:
        InputError: If there is no such sampler, the space has no grid, or the grid of a later
            space version lacks configurations that were run.
    """
    if name not in SAMPLERS:
        raise InputError(unknown("sampler", name, SAMPLERS), key="sampler")
    if isinstance(space, SearchSpace):
        space = SpaceVersions([SpaceVersion(first=0, space=space)], Numbering(seeds))
    sampler = sampler_of_versions(SAMPLERS[name], space, seed=seed)
    return sampler if space.numbering.plain else PlacedSampler(space, sampler, seed=seed)


def is_adaptive(name: str) -> bool:
    """Returns whether the sampler looks at results, so that asking far ahead makes it worse."""
    return name in _ADAPTIVE
