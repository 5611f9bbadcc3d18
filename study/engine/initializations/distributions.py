"""Initial weights by name, each a pure function of a shape, a seed and hyperparameters.

Weights have shape (out, in, *kernel), as torch stores them. Numbers are drawn in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from study.engine.initializations.orthogonal import delta_orthogonal, orthogonal

Shape = tuple[int, ...]
Initialization = Callable[[Shape, Generator, Mapping[str, Any]], Tensor]

SMALL_STD = 0.01
"""Standard deviation of `small_normal`, the custom before Glorot (Krizhevsky et al. 2012)."""


def fans(shape: Shape) -> tuple[int, int]:
    """Returns (fan_in, fan_out) of a weight of shape (out, in, *kernel)."""
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def normal(shape: Shape, generator: Generator, std: float) -> Tensor:
    """Draws independent N(0, std^2)."""
    return torch.randn(shape, generator=generator) * std


def _uniform(shape: Shape, generator: Generator, std: float) -> Tensor:
    bound = math.sqrt(3.0) * std
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound


def small_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Draws from N(0, 0.01^2), whatever the fan."""
    return normal(shape, generator, SMALL_STD)


def xavier_normal(
    shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Draws with variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010, eq. 12)."""
    return normal(shape, generator, math.sqrt(2.0 / sum(fans(shape))))


def xavier_uniform(
    shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Draws uniformly with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 16)."""
    return _uniform(shape, generator, math.sqrt(2.0 / sum(fans(shape))))


def he_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Draws with variance 2 / fan_in (He et al., ICCV 2015, eq. 10)."""
    return normal(shape, generator, math.sqrt(2.0 / fans(shape)[0]))


def he_uniform(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Draws uniformly with variance 2 / fan_in (He et al., ICCV 2015)."""
    return _uniform(shape, generator, math.sqrt(2.0 / fans(shape)[0]))


def lecun_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Draws with variance 1 / fan_in (LeCun et al., Efficient BackProp, 1998; SELU needs it)."""
    return normal(shape, generator, math.sqrt(1.0 / fans(shape)[0]))


def mean_field(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Draws with variance weight_std^2 / fan_in (Poole et al. 2016); biases: N(0, bias_std^2)."""
    std = hyperparameters["weight_std"] / math.sqrt(fans(shape)[0])
    return normal(shape, generator, std)


INITIALIZATIONS: dict[str, Initialization] = {
    "small_normal": small_normal,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
    "delta_orthogonal": delta_orthogonal,
    "mean_field": mean_field,
}
