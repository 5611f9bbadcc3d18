"""Initial weights by name, each a pure function of a shape, a seed and hyperparameters.

Weights have shape (out, in, *kernel), as torch stores them. Numbers are drawn in float32 and in a
fixed order, so that a trial starts from the same weights in every dtype, cohort and device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

Shape = tuple[int, ...]
Initialization = Callable[[Shape, Generator, Mapping[str, Any]], Tensor]

TORCH_DEFAULT = "torch_default"
"""Leaves every parameter as the network's author initialized it."""

SMALL_STD = 0.01
"""Standard deviation of `small_normal`, the custom before Glorot (Krizhevsky et al. 2012)."""


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight of shape (out, in, *kernel)."""
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def _normal(shape: Shape, generator: Generator, std: float) -> Tensor:
    return torch.randn(shape, generator=generator) * std


def _uniform(shape: Shape, generator: Generator, std: float) -> Tensor:
    bound = math.sqrt(3.0) * std
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound


def small_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """N(0, 0.01^2), whatever the fan."""
    return _normal(shape, generator, SMALL_STD)


def xavier_normal(
    shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010, eq. 12)."""
    return _normal(shape, generator, math.sqrt(2.0 / sum(fans(shape))))


def xavier_uniform(
    shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Uniform of variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010, eq. 16)."""
    return _uniform(shape, generator, math.sqrt(2.0 / sum(fans(shape))))


def he_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Variance 2 / fan_in (He et al., ICCV 2015, eq. 10)."""
    return _normal(shape, generator, math.sqrt(2.0 / fans(shape)[0]))


def he_uniform(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Uniform of variance 2 / fan_in (He et al., ICCV 2015)."""
    return _uniform(shape, generator, math.sqrt(2.0 / fans(shape)[0]))


def lecun_normal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Variance 1 / fan_in (LeCun et al., Efficient BackProp, 1998; SELU needs it)."""
    return _normal(shape, generator, math.sqrt(1.0 / fans(shape)[0]))


def mean_field(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Variance weight_std^2 / fan_in (Poole et al. 2016); biases get N(0, bias_std^2)."""
    std = hyperparameters["weight_std"] / math.sqrt(fans(shape)[0])
    return _normal(shape, generator, std)


def orthogonal(shape: Shape, generator: Generator, hyperparameters: Mapping[str, Any]) -> Tensor:
    """Haar-distributed (semi-)orthogonal matrix over (out, in * kernel) (Saxe et al. 2014).

    The signs of R's diagonal make the QR factor unique, and thus Haar (Mezzadri 2007).
    """
    rows, columns = shape[0], math.prod(shape[1:])
    draws = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    q, r = torch.linalg.qr(draws.double())
    q = q * r.diagonal().sign()
    return (q if rows >= columns else q.T).reshape(shape)


INITIALIZATIONS: dict[str, Initialization] = {
    "small_normal": small_normal,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
    "mean_field": mean_field,
}


def is_drawn(module: nn.Module, hyperparameters: Mapping[str, Any]) -> bool:
    """Whether `initialize` draws every parameter: the module's own values do not matter then."""
    shapes = {key: value.ndim for key, value in module.named_parameters()}
    drawn = {key for key, ndim in shapes.items() if ndim >= 2}
    drawn |= {_bias_of(key) for key in drawn}
    return _name(hyperparameters) != TORCH_DEFAULT and drawn >= shapes.keys()


def initialize(
    module: nn.Module, hyperparameters: Mapping[str, Any], generator: Generator
) -> dict[str, Tensor]:
    """Initial parameters of one trial, on the CPU, by parameter name; float32 or float64.

    Weights of two or more dimensions follow `initialization`, times `init_gain`; the biases beside
    them are zero (drawn with `bias_std` under `mean_field`). Everything else, such as a
    normalization's scale and shift, stays as the module has it.

    Args:
        module: The trial's network as its author initialized it.
        hyperparameters: `initialization`, `init_gain` and what the initialization needs.
        generator: Where all random numbers come from.
    """
    name = _name(hyperparameters)
    gain = hyperparameters.get("init_gain", 1.0)
    values = {key: value.detach() for key, value in module.named_parameters()}
    weights = [key for key, value in values.items() if value.ndim >= 2]
    for key in weights:
        if name == TORCH_DEFAULT:
            values[key] = values[key].double() * gain
            continue
        shape = tuple(values[key].shape)
        values[key] = INITIALIZATIONS[name](shape, generator, hyperparameters).double() * gain
        bias = _bias_of(key)
        if bias in values:
            std = hyperparameters["bias_std"] if name == "mean_field" else 0.0
            values[bias] = _normal(tuple(values[bias].shape), generator, std)
    return values


def _name(hyperparameters: Mapping[str, Any]) -> str:
    return str(hyperparameters.get("initialization", TORCH_DEFAULT))


def _bias_of(weight: str) -> str:
    return weight.removesuffix("weight") + "bias"
