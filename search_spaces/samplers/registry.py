"""The samplers by their names in study files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import optuna

from search_spaces.catalogue import Value
from search_spaces.errors import InputError, unknown
from search_spaces.samplers.boundary import BoundarySampler
from search_spaces.samplers.boundary.of_space import boundary_sampler
from search_spaces.samplers.cube import RandomDesign, SobolDesign
from search_spaces.samplers.design import DesignSampler
from search_spaces.samplers.grid import GridDesign, grid_cells
from search_spaces.samplers.space_versions import (
    Generation,
    Generations,
    Maker,
    sampler_of_all,
)
from search_spaces.samplers.tpe import ConfigurationTPESampler
from search_spaces.space import SearchSpace


def _qmc(generations: Sequence[Generation], seed: int, seeds: int) -> DesignSampler:
    """Each generation fills its own space evenly, from its first trial on, with points that
    share no coordinate with an earlier generation's."""
    last = generations[-1]
    design = SobolDesign(axes=last.space.axes, seed=_seed_of(last, seed))
    return DesignSampler(design=design, space=last.space, seeds=seeds, first=last.first)


def _random(generations: Sequence[Generation], seed: int, seeds: int) -> DesignSampler:
    """Points are independent of each other, so that they go on by number."""
    space = generations[-1].space
    return DesignSampler(design=RandomDesign(axes=space.axes, seed=seed), space=space, seeds=seeds)


def _grid(generations: Sequence[Generation], seed: int, seeds: int) -> DesignSampler:
    """Each generation's grid leaves out the configurations that earlier ones have run."""
    done: list[dict[str, Value]] = []
    for each, after in zip(generations, generations[1:], strict=False):
        design = GridDesign(space=each.space, seed=_seed_of(each, seed), done=done)
        done += grid_cells(design, each.space, (after.first - each.first) // seeds)
    last = generations[-1]
    design = GridDesign(space=last.space, seed=_seed_of(last, seed), done=done)
    return DesignSampler(design=design, space=last.space, seeds=seeds, first=last.first)


def _tpe(generations: Sequence[Generation], seed: int, seeds: int) -> ConfigurationTPESampler:
    """Learns from the trials of all generations."""
    if len(generations) == 1:
        return ConfigurationTPESampler(seed=seed, seeds=seeds)
    space = generations[-1].space
    always = {each.name for each in space.entries if not each.hyperparameter.conditions}
    joint = {name: axis for name, axis in space.axes.items() if name in always}
    return ConfigurationTPESampler(seed=seed, seeds=seeds, joint=joint)


def _boundary(generations: Sequence[Generation], seed: int, seeds: int) -> BoundarySampler:
    """Learns from the trials of all generations; each begins by filling its own space."""
    return boundary_sampler(Generations(generations), seed=seed, seeds=seeds)


def _seed_of(generation: Generation, seed: int) -> int:
    """The study's seed for its first trials, others for later generations."""
    if generation.first == 0:
        return seed
    return int(np.random.SeedSequence([seed, generation.first]).generate_state(1)[0])


SAMPLERS: Mapping[str, Maker] = MappingProxyType(
    {"qmc": _qmc, "random": _random, "grid": _grid, "tpe": _tpe, "boundary": _boundary}
)

_ADAPTIVE = frozenset({"tpe", "boundary"})


def make_sampler(
    name: str, *, space: SearchSpace | Generations, seed: int, seeds: int
) -> optuna.samplers.BaseSampler:
    """The sampler of a study.

    Args:
        name: qmc, random, grid, tpe or boundary.
        space: What varies; generations of a study whose space was changed.
        seed: The study's seed, >= 0.
        seeds: Trials a configuration, >= 1: trial ``number`` has configuration
            ``number // seeds``.

    Raises:
        InputError: If there is no such sampler, the space has no grid, or the grid of a later
            generation lacks configurations that were run.
    """
    if name not in SAMPLERS:
        raise InputError(unknown("sampler", name, SAMPLERS), key="sampler")
    if isinstance(space, SearchSpace):
        space = Generations([Generation(first=0, space=space)])
    return sampler_of_all(SAMPLERS[name], space, seed=seed, seeds=seeds)


def is_adaptive(name: str) -> bool:
    """Whether the sampler looks at results, so that asking far ahead makes it worse."""
    return name in _ADAPTIVE
