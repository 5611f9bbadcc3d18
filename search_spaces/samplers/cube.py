"""Designs in the unit cube: scrambled Sobol points and independent random ones.

An axis keeps its coordinate whether or not it applies to a configuration. Coordinates go by
name, so that reordering a study file does not change its trials.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.catalogue import Value

# A block costs about a millisecond of set-up and scipy's fast-forward is compiled, so any single
# configuration is cheap and neighbours are free.
_BLOCK = 1024


class RandomDesign:
    """Independent uniform points; configuration i has a random generator of its own."""

    def __init__(self, *, axes: Mapping[str, BaseDistribution], seed: int) -> None:
        self._axes = axes
        self._seed = seed

    def values(self, configuration: int) -> dict[str, Value]:
        point = np.random.default_rng([self._seed, configuration]).random(len(self._axes))
        return cube_values(self._axes, point)


class SobolDesign:
    """A scrambled Sobol sequence: even over every axis and pair of axes at any length.

    References:
        Owen, Scrambling Sobol' and Niederreiter-Xing points, J. Complexity 1998.
    """

    def __init__(self, *, axes: Mapping[str, BaseDistribution], seed: int) -> None:
        self._axes = axes
        self._seed = seed

    def values(self, configuration: int) -> dict[str, Value]:
        if not self._axes:
            return {}
        block, row = divmod(configuration, _BLOCK)
        return cube_values(self._axes, _sobol_block(len(self._axes), self._seed, block)[row])


@lru_cache(maxsize=4)
def _sobol_block(dimensions: int, seed: int, block: int) -> NDArray[np.float64]:
    # Here, because scipy.stats takes most of a second and only this design needs it.
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if block:
        engine.fast_forward(block * _BLOCK)
    points: NDArray[np.float64] = engine.random(_BLOCK)
    return points


def cube_values(
    axes: Mapping[str, BaseDistribution], point: NDArray[np.float64]
) -> dict[str, Value]:
    """Maps a point of the unit cube to values.

    Args:
        axes: Distributions by name.
        point: Coordinates in [0, 1), shape (len(axes),), in the order of sorted names.
    """
    return {
        name: _value(axes[name], float(u)) for name, u in zip(sorted(axes), point, strict=True)
    }


def _value(distribution: BaseDistribution, u: float) -> Value:
    if isinstance(distribution, CategoricalDistribution):
        choices = distribution.choices
        choice: Any = choices[_nth(len(choices), u)]  # In a study of others also None or a bool.
        return choice
    if isinstance(distribution, IntDistribution):
        return _whole(distribution, u)
    if isinstance(distribution, FloatDistribution):
        return _real(distribution, u)
    raise TypeError(f"no way to sample {distribution!r}")


def _whole(distribution: IntDistribution, u: float) -> int:
    low, high, step = distribution.low, distribution.high, distribution.step
    if not distribution.log:
        return low + step * _nth((high - low) // step + 1, u)
    # Each integer gets the log-length of the unit interval around it, as in Optuna.
    bottom, top = math.log(low - 0.5), math.log(high + 0.5)
    return min(max(round(math.exp(bottom + u * (top - bottom))), low), high)


def _real(distribution: FloatDistribution, u: float) -> float:
    low, high = distribution.low, distribution.high
    if distribution.step is not None:
        cells = round((high - low) / distribution.step) + 1
        # Twelve digits: 0.1 + 2 * 0.1 is to be 0.3.
        return min(float(f"{low + distribution.step * _nth(cells, u):.12g}"), high)
    if distribution.log:
        value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    else:
        value = low + u * (high - low)
    return min(max(value, low), high)


def _nth(count: int, u: float) -> int:
    return min(int(u * count), count - 1)
