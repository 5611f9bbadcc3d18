"""Activation functions by name, and what saturation means for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SELU_FLOOR = -1.7580993408473766
"""The limit of selu at -infinity: -scale * alpha (Klambauer et al. 2017)."""


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An activation function.

    Attributes:
        module: Builds the module that applies it.
        slope: From outputs, the derivative over its maximum; None for functions that cannot
            saturate or whose output does not tell.
    """

    module: Callable[[], nn.Module]
    slope: Callable[[Tensor], Tensor] | None = None


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(module=nn.Sigmoid, slope=lambda y: 4 * y * (1 - y)),
    "tanh": Activation(module=nn.Tanh, slope=lambda y: 1 - y * y),
    "relu": Activation(module=nn.ReLU),
    "leaky_relu": Activation(module=nn.LeakyReLU),
    "elu": Activation(module=nn.ELU, slope=lambda y: 1 + y.clamp(max=0)),
    "selu": Activation(module=nn.SELU, slope=lambda y: 1 - y.clamp(max=0) / SELU_FLOOR),
    "gelu": Activation(module=nn.GELU),
    "silu": Activation(module=nn.SiLU),
    "softsign": Activation(module=nn.Softsign, slope=lambda y: (1 - y.abs()) ** 2),
    "softplus": Activation(module=nn.Softplus, slope=lambda y: -torch.expm1(-y)),
    "mish": Activation(module=nn.Mish),
    "hardtanh": Activation(module=nn.Hardtanh, slope=lambda y: (1 - y.abs()).sign()),
    "identity": Activation(module=nn.Identity),
}


def activation_name(module: nn.Module) -> str | None:
    """The name under which this module's type is known here; None for other modules."""
    for name, activation in ACTIVATIONS.items():
        if type(module) is activation.module:
            return name
    return None
