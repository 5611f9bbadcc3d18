"""Variances of a layer's weights and biases as they are initialized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.catalogue import Value

_SMALL_STD = 0.01
_CENTRED = "delta_orthogonal"


@dataclass(frozen=True, kw_only=True)
class Fans:
    """The shape of a layer's weight.

    Attributes:
        inputs: Units, or channels, that it sees.
        outputs: Units, or channels, that it makes.
        taps: Elements of a convolution's kernel; 1 for a linear layer.
    """

    inputs: int
    outputs: int
    taps: int = 1


@dataclass(frozen=True, kw_only=True)
class InitialVariances:
    """How a layer begins.

    Attributes:
        weight: Variance of one weight.
        bias: Variance of one bias.
        centred: Whether all of a kernel's weights but those at its centre are zero.
    """

    weight: float
    bias: float
    centred: bool = False


def initial_variances(hyperparameters: Mapping[str, Value], fans: Fans) -> InitialVariances | None:
    """Returns the variances of a layer under a trial's initialization.

    Args:
        hyperparameters: `initialization` (absent: torch_default); `init_gain` (absent: 1), which
            multiplies weights alone; `weight_std` (absent: 1) and `bias_std` (absent: 0) under
            mean_field.
        fans: Shape of the layer's weight.

    Returns:
        None if the initialization is unknown. torch_default is that of torch's linear and
        convolutional layers: uniform within 1 / sqrt(fan_in), weights and biases.

    References:
        Glorot and Bengio 2010; He et al. 2015; Saxe et al. 2014 (orthogonal); Xiao et al. 2018
        (delta-orthogonal); Poole et al. 2016 (mean_field).
    """
    name = str(hyperparameters.get("initialization", "torch_default"))
    fan_in, fan_out = fans.inputs * fans.taps, fans.outputs * fans.taps
    weight_std = float(hyperparameters.get("weight_std", 1.0))
    # A matrix with orthonormal rows or columns, whichever are fewer.
    by_name = {
        "torch_default": 1 / (3 * fan_in),
        "small_normal": _SMALL_STD**2,
        "xavier_normal": 2 / (fan_in + fan_out),
        "xavier_uniform": 2 / (fan_in + fan_out),
        "he_normal": 2 / fan_in,
        "he_uniform": 2 / fan_in,
        "lecun_normal": 1 / fan_in,
        "orthogonal": 1 / max(fan_in, fans.outputs),
        _CENTRED: 1 / max(fans.inputs, fans.outputs),
        "mean_field": weight_std**2 / fan_in,
    }
    if name not in by_name:
        return None
    bias = 0.0
    if name == "torch_default":
        bias = 1 / (3 * fan_in)
    elif name == "mean_field":
        bias = float(hyperparameters.get("bias_std", 0.0)) ** 2
    gain = float(hyperparameters.get("init_gain", 1.0))
    return InitialVariances(
        weight=gain**2 * by_name[name], bias=bias, centred=name == _CENTRED and fans.taps > 1
    )
