"""The samplers by their names in study files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import optuna

from search_spaces.errors import InputError, unknown
from search_spaces.samplers.cube import RandomDesign, SobolDesign
from search_spaces.samplers.design import DesignSampler
from search_spaces.samplers.grid import GridDesign
from search_spaces.samplers.tpe import ConfigurationTPESampler
from search_spaces.space import SearchSpace

Maker = Callable[[SearchSpace, int, int], optuna.samplers.BaseSampler]


def _qmc(space: SearchSpace, seed: int, seeds: int) -> DesignSampler:
    return DesignSampler(design=SobolDesign(axes=space.axes, seed=seed), space=space, seeds=seeds)


def _random(space: SearchSpace, seed: int, seeds: int) -> DesignSampler:
    return DesignSampler(design=RandomDesign(axes=space.axes, seed=seed), space=space, seeds=seeds)


def _grid(space: SearchSpace, seed: int, seeds: int) -> DesignSampler:
    return DesignSampler(design=GridDesign(space=space, seed=seed), space=space, seeds=seeds)


def _tpe(space: SearchSpace, seed: int, seeds: int) -> ConfigurationTPESampler:
    return ConfigurationTPESampler(seed=seed, seeds=seeds)


SAMPLERS: Mapping[str, Maker] = MappingProxyType(
    {"qmc": _qmc, "random": _random, "grid": _grid, "tpe": _tpe}
)

_ADAPTIVE = frozenset({"tpe"})


def make_sampler(
    name: str, *, space: SearchSpace, seed: int, seeds: int
) -> optuna.samplers.BaseSampler:
    """The sampler of a study.

    Args:
        name: qmc, random, grid or tpe.
        space: What varies.
        seed: The study's seed, >= 0.
        seeds: Trials a configuration, >= 1: trial ``number`` has configuration
            ``number // seeds``.

    Raises:
        InputError: If there is no such sampler, or the space has no grid.
    """
    if name not in SAMPLERS:
        raise InputError(unknown("sampler", name, SAMPLERS), key="sampler")
    return SAMPLERS[name](space, seed, seeds)


def is_adaptive(name: str) -> bool:
    """Whether the sampler looks at results, so that asking far ahead makes it worse."""
    return name in _ADAPTIVE
