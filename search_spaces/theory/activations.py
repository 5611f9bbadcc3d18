"""Activation functions and their derivatives in NumPy, as torch defines both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, ndtr

from search_spaces.errors import InputError, unknown

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_LEAK = 0.01
_SOFTPLUS_THRESHOLD = 20.0
"""Above it torch's softplus is the identity."""

_FLAT = 0.01
"""A derivative below this share of its maximum is saturated, as the layers table counts it."""

# 1 - tanh(h)^2 = 0.01 there; the sigmoid is a tanh of half its argument, whence the 2 below.
_TANH_FLAT = float(np.arctanh(np.sqrt(1 - _FLAT)))
_ERF_FLAT = float(np.sqrt(-np.log(_FLAT)))


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An activation function, elementwise over arrays of any shape.

    Attributes:
        function: phi.
        derivative: phi', at a kink the value that torch's autograd takes.
        kinks: Where phi or one of its first two derivatives jumps, ascending.
        flat: phi' is below 1 % of its maximum below the first and above the second number; None
            where the layers table does not measure saturation.
    """

    function: Function
    derivative: Function
    kinks: tuple[float, ...] = ()
    flat: tuple[float, float] | None = None


def activation_named(name: str) -> Activation:
    """Looks up an activation.

    Raises:
        InputError: If there is none.
    """
    if name not in ACTIVATIONS:
        raise InputError(unknown("activation", name, ACTIVATIONS))
    return ACTIVATIONS[name]


def _sigmoid(h: Array) -> Array:
    return np.asarray(expit(h))


def _sigmoid_derivative(h: Array) -> Array:
    return np.asarray(expit(h) * expit(-h))


def _tanh_derivative(h: Array) -> Array:
    return 4 * _sigmoid_derivative(2 * h)  # 1 - tanh^2 would lose every digit of the tails.


def _elu(h: Array) -> Array:
    return np.where(h > 0, h, np.expm1(np.minimum(h, 0)))


def _elu_derivative(h: Array) -> Array:
    return np.exp(np.minimum(h, 0))


def _selu(h: Array) -> Array:
    return _SELU_SCALE * np.where(h > 0, h, _SELU_ALPHA * np.expm1(np.minimum(h, 0)))


def _selu_derivative(h: Array) -> Array:
    return _SELU_SCALE * np.where(h > 0, 1.0, _SELU_ALPHA * np.exp(np.minimum(h, 0)))


def _gelu(h: Array) -> Array:
    return np.asarray(h * ndtr(h))


def _gelu_derivative(h: Array) -> Array:
    return np.asarray(ndtr(h) + h * np.exp(-h * h / 2) / np.sqrt(2 * np.pi))


def _silu(h: Array) -> Array:
    return np.asarray(h * expit(h))


def _silu_derivative(h: Array) -> Array:
    return np.asarray(expit(h) + h * _sigmoid_derivative(h))


def _softplus(h: Array) -> Array:
    return np.where(h > _SOFTPLUS_THRESHOLD, h, np.logaddexp(0, h))


def _softplus_derivative(h: Array) -> Array:
    return np.where(h > _SOFTPLUS_THRESHOLD, 1.0, expit(h))


def _mish(h: Array) -> Array:
    return h * np.tanh(np.logaddexp(0, h))


def _mish_derivative(h: Array) -> Array:
    inner = np.logaddexp(0, h)
    return np.asarray(np.tanh(inner) + h * _tanh_derivative(inner) * expit(h))


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "sigmoid": Activation(
            function=_sigmoid,
            derivative=_sigmoid_derivative,
            flat=(-2 * _TANH_FLAT, 2 * _TANH_FLAT),
        ),
        "tanh": Activation(
            function=np.tanh, derivative=_tanh_derivative, flat=(-_TANH_FLAT, _TANH_FLAT)
        ),
        "erf": Activation(
            function=lambda h: np.asarray(erf(h)),
            derivative=lambda h: 2 / np.sqrt(np.pi) * np.exp(-h * h),
            flat=(-_ERF_FLAT, _ERF_FLAT),
        ),
        "relu": Activation(
            function=lambda h: np.maximum(h, 0.0),
            derivative=lambda h: np.where(h > 0, 1.0, 0.0),
            kinks=(0.0,),
        ),
        "leaky_relu": Activation(
            function=lambda h: np.where(h > 0, h, _LEAK * h),
            derivative=lambda h: np.where(h > 0, 1.0, _LEAK),
            kinks=(0.0,),
        ),
        "elu": Activation(
            function=_elu,
            derivative=_elu_derivative,
            kinks=(0.0,),
            flat=(float(np.log(_FLAT)), np.inf),
        ),
        "selu": Activation(
            function=_selu,
            derivative=_selu_derivative,
            kinks=(0.0,),
            flat=(float(np.log(_FLAT)), np.inf),
        ),
        "gelu": Activation(function=_gelu, derivative=_gelu_derivative),
        "silu": Activation(function=_silu, derivative=_silu_derivative),
        "softsign": Activation(
            function=lambda h: h / (1 + np.abs(h)),
            derivative=lambda h: (1 + np.abs(h)) ** -2,
            kinks=(0.0,),
            flat=(1 - _FLAT**-0.5, _FLAT**-0.5 - 1),
        ),
        "softplus": Activation(
            function=_softplus,
            derivative=_softplus_derivative,
            kinks=(_SOFTPLUS_THRESHOLD,),
            flat=(-float(np.log(1 / _FLAT - 1)), np.inf),
        ),
        "mish": Activation(function=_mish, derivative=_mish_derivative),
        "hardtanh": Activation(
            function=lambda h: np.clip(h, -1.0, 1.0),
            derivative=lambda h: np.where(np.abs(h) < 1, 1.0, 0.0),
            kinks=(-1.0, 1.0),
            flat=(-1.0, 1.0),
        ),
        "identity": Activation(function=lambda h: h, derivative=np.ones_like),
    }
)
