"""What theory expects of a network as it is initialized."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search_spaces.catalogue import Value
from search_spaces.theory.mean_field import chi, length_map

_SMALL_STD = 0.01
_TORCH_DEFAULT = "torch_default"
_WEIGHT_VARIANCES: Mapping[str, float] = {
    "xavier_normal": 1.0,
    "xavier_uniform": 1.0,
    "he_normal": 2.0,
    "he_uniform": 2.0,
    "lecun_normal": 1.0,
    "orthogonal": 1.0,
    "delta_orthogonal": 1.0,
}
"""fan_in times the variance of weights of a square layer; biases are 0."""


@dataclass(frozen=True, kw_only=True)
class InitialVariances:
    """Variances in the normalization of mean-field theory.

    Attributes:
        weight: fan_in times the variance of a weight.
        bias: Variance of a bias.
    """

    weight: float
    bias: float


def initial_variances(hyperparameters: Mapping[str, Value]) -> InitialVariances | None:
    """Variances of the square layers of a plain network, of width x width weights.

    Args:
        hyperparameters: `initialization` (absent: torch_default), `init_gain` (absent: 1), which
            multiplies weights alone; `weight_std` and `bias_std` under mean_field; `width` under
            torch_default and small_normal.

    Returns:
        None if the initialization is unknown or one of these is missing. torch_default is that
        of torch's Linear: uniform within 1 / sqrt(fan_in), weights and biases.
    """
    name = str(hyperparameters.get("initialization", _TORCH_DEFAULT))
    width = hyperparameters.get("width")
    weight, bias = _WEIGHT_VARIANCES.get(name), 0.0
    if name == "mean_field" and {"weight_std", "bias_std"} <= hyperparameters.keys():
        weight = float(hyperparameters["weight_std"]) ** 2
        bias = float(hyperparameters["bias_std"]) ** 2
    elif name == _TORCH_DEFAULT and width is not None:
        weight, bias = 1 / 3, 1 / (3 * float(width))
    elif name == "small_normal" and width is not None:
        weight = _SMALL_STD**2 * float(width)
    if weight is None:
        return None
    gain = float(hyperparameters.get("init_gain", 1.0))
    return InitialVariances(weight=gain**2 * weight, bias=bias)


def gradient_factor(activation: str, variances: InitialVariances, length: float) -> float:
    """Expected rms(delta_l) / rms(delta_{l+1}), where delta is the gradient by pre-activations.

    Args:
        activation: Its name.
        variances: Of layer l + 1.
        length: q of layer l, where the activation's slope is taken.

    References:
        Schoenholz et al. 2017, section 4: the square root of chi_1, here at the layer's own q.
    """
    return math.sqrt(chi(activation, variances.weight, length))


def lengths(
    activation: str, variances: InitialVariances, *, first: float, depth: int
) -> tuple[float, ...]:
    """q of layers 1 to depth, where that of the first is given (Poole et al. 2016, eq. 3)."""
    found = [first]
    for _ in range(depth - 1):
        found.append(length_map(activation, variances.weight, variances.bias, found[-1]))
    return tuple(found[:depth])


def finite_width_variance(widths: Iterable[int]) -> float:
    """About the variance of the squared gradient over networks, by its squared mean.

    Args:
        widths: Units of each hidden layer.

    References:
        Hanin, Which Neural Net Architectures Give Rise to Exploding and Vanishing Gradients?,
        NeurIPS 2018: the sum of 1 / width rules it.
    """
    return math.expm1(sum(1 / width for width in widths))
