"""The samplers by their names in study files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import optuna

from search_spaces.catalogue import Value
from search_spaces.errors import InputError, unknown
from search_spaces.samplers.cube import RandomDesign, SobolDesign
from search_spaces.samplers.design import DesignSampler
from search_spaces.samplers.grid import GridDesign, grid_cells
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


def _qmc(versions: Sequence[SpaceVersion], seed: int, seeds: int) -> DesignSampler:
    """Fills each version's space evenly, from its first trial on.

    Its points share no coordinate with those of an earlier version.
    """
    last = versions[-1]
    design = SobolDesign(axes=last.space.axes, seed=_seed_of(last, seed))
    return DesignSampler(design=design, space=last.space, seeds=seeds, first=last.first)


def _random(versions: Sequence[SpaceVersion], seed: int, seeds: int) -> DesignSampler:
    """Goes on by trial number: its points are independent of each other."""
    space = versions[-1].space
    return DesignSampler(design=RandomDesign(axes=space.axes, seed=seed), space=space, seeds=seeds)


def _grid(versions: Sequence[SpaceVersion], seed: int, seeds: int) -> DesignSampler:
    """Leaves out the configurations that the grids of earlier versions have run."""
    done: list[dict[str, Value]] = []
    for version, after in zip(versions, versions[1:], strict=False):
        design = GridDesign(space=version.space, seed=_seed_of(version, seed), done=done)
        done += grid_cells(design, version.space, (after.first - version.first) // seeds)
    last = versions[-1]
    design = GridDesign(space=last.space, seed=_seed_of(last, seed), done=done)
    return DesignSampler(design=design, space=last.space, seeds=seeds, first=last.first)


def _tpe(versions: Sequence[SpaceVersion], seed: int, seeds: int) -> ConfigurationTPESampler:
    """Learns from the trials of all versions."""
    if len(versions) == 1:
        return ConfigurationTPESampler(seed=seed, seeds=seeds)
    space = versions[-1].space
    # Axes that only some trials have cannot be sampled jointly: TPE learns from complete rows.
    always = {each.name for each in space.entries if not each.hyperparameter.conditions}
    joint = {name: axis for name, axis in space.axes.items() if name in always}
    return ConfigurationTPESampler(seed=seed, seeds=seeds, joint=joint)


def _boundary(versions: Sequence[SpaceVersion], seed: int, seeds: int) -> BoundarySampler:
    """Learns from the trials of all versions; each begins by filling its own space."""
    # Its model needs scipy, which no other sampler does until it samples.
    from search_spaces.samplers.boundary.of_space import boundary_sampler

    return boundary_sampler(SpaceVersions(versions), seed=seed, seeds=seeds)


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
    name: str, *, space: SearchSpace | SpaceVersions, seed: int, seeds: int
) -> optuna.samplers.BaseSampler:
    """Makes the sampler of a study.

    Args:
        name: qmc, random, grid, tpe or boundary.
        space: What varies; the space versions of a study whose space was changed.
        seed: The study's seed, >= 0.
        seeds: Trials a configuration, >= 1: trial ``number`` has configuration
            ``number // seeds``.

    Raises:
        InputError: If there is no such sampler, the space has no grid, or the grid of a later
            space version lacks configurations that were run.
    """
    if name not in SAMPLERS:
        raise InputError(unknown("sampler", name, SAMPLERS), key="sampler")
    if isinstance(space, SearchSpace):
        space = SpaceVersions([SpaceVersion(first=0, space=space)])
    return sampler_of_versions(SAMPLERS[name], space, seed=seed, seeds=seeds)


def is_adaptive(name: str) -> bool:
    """Returns whether the sampler looks at results, so that asking far ahead makes it worse."""
    return name in _ADAPTIVE
