"""Activation functions by name, and what saturation means for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SELU_FLOOR = -1.7580993408473766
"""The limit of selu at -infinity: -scale * alpha (Klambauer et al. 2017)."""


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805

_aten = torch.ops.aten
"""Holds the backward formulas that autograd itself uses."""


_TANH_CHUNK = 2**17
"""Numbers whose tanh is taken at once: what is written in between stays in the cache."""


def _tanh(h: Tensor) -> Tensor:
    """tanh, in place; on a CPU in float32 as e / (e + 2) with e = expm1(2 h).

    That takes two thirds of torch's own time there, and is as exact: no number is the difference
    of others of its size, so the relative error stays below 2e-7 for the smallest and largest.
    """
    if h.device.type != "cpu" or h.dtype != torch.float32 or not h.is_contiguous():
        return torch.tanh_(h)
    for part in h.view(-1).split(_TANH_CHUNK):
        part.clamp_(max=20.0).mul_(2.0).expm1_()  # exp(2 * 45) would overflow; tanh(20) is 1.
        part.div_(part + 2.0)
    return h


class Erf(nn.Module):
    """The error function, elementwise; of torch's functions it is the one without a module."""

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.erf(inputs)


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An activation function.

    Attributes:
        module: Builds the module that applies it.
        function: Applies it to pre-activations, which it may overwrite.
        gradient: The loss gradient by the pre-activation, from (gradient by the output,
            pre-activation, output); it uses the output only where `function` overwrites.
        slope: From outputs, the derivative over its maximum; None for functions that cannot
            saturate or whose output does not tell.
    """

    module: Callable[[], nn.Module]
    function: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor, Tensor], Tensor]
    slope: Callable[[Tensor], Tensor] | None = None


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(
        module=nn.Sigmoid,
        function=torch.sigmoid_,
        gradient=lambda g, h, y: _aten.sigmoid_backward(g, y),
        slope=lambda y: 4 * y * (1 - y),
    ),
    "tanh": Activation(
        module=nn.Tanh,
        function=_tanh,
        gradient=lambda g, h, y: _aten.tanh_backward(g, y),
        slope=lambda y: 1 - y * y,
    ),
    "erf": Activation(
        module=Erf,
        function=torch.erf,
        gradient=lambda g, h, y: g * (2 / math.sqrt(math.pi)) * torch.exp(-h * h),
        slope=lambda y: torch.exp(-(torch.erfinv(y) ** 2)),
    ),
    "relu": Activation(
        module=nn.ReLU,
        function=torch.relu_,
        gradient=lambda g, h, y: _aten.threshold_backward(g, y, 0),
    ),
    "leaky_relu": Activation(
        module=nn.LeakyReLU,
        function=functional.leaky_relu_,
        gradient=lambda g, h, y: _aten.leaky_relu_backward(g, y, 0.01, True),
    ),
    "elu": Activation(
        module=nn.ELU,
        function=functional.elu_,
        gradient=lambda g, h, y: _aten.elu_backward(g, 1.0, 1.0, 1.0, True, y),
        slope=lambda y: 1 + y.clamp(max=0),
    ),
    "selu": Activation(
        module=nn.SELU,
        function=functional.selu_,
        gradient=lambda g, h, y: _aten.elu_backward(g, _SELU_ALPHA, _SELU_SCALE, 1.0, True, y),
        slope=lambda y: 1 - y.clamp(max=0) / SELU_FLOOR,
    ),
    "gelu": Activation(
        module=nn.GELU,
        function=functional.gelu,
        gradient=lambda g, h, y: _aten.gelu_backward(g, h),
    ),
    "silu": Activation(
        module=nn.SiLU,
        function=functional.silu,
        gradient=lambda g, h, y: _aten.silu_backward(g, h),
    ),
    "softsign": Activation(
        module=nn.Softsign,
        function=functional.softsign,
        gradient=lambda g, h, y: g * (1 - y.abs()) ** 2,
        slope=lambda y: (1 - y.abs()) ** 2,
    ),
    "softplus": Activation(
        module=nn.Softplus,
        function=functional.softplus,
        gradient=lambda g, h, y: _aten.softplus_backward(g, h, 1.0, 20.0),
        slope=lambda y: -torch.expm1(-y),
    ),
    "mish": Activation(
        module=nn.Mish,
        function=functional.mish,
        gradient=lambda g, h, y: _aten.mish_backward(g, h),
    ),
    "hardtanh": Activation(
        module=nn.Hardtanh,
        function=functional.hardtanh_,
        gradient=lambda g, h, y: _aten.hardtanh_backward(g, y, -1.0, 1.0),
        slope=lambda y: (1 - y.abs()).sign(),
    ),
    "identity": Activation(module=nn.Identity, function=lambda h: h, gradient=lambda g, h, y: g),
}


class ActivationStandIn(nn.Module):
    """Shows hooks what an activation gave that another library computed.

    Args:
        name: The activation's among ACTIVATIONS.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, output: Tensor) -> Tensor:
        return output


def activation_name(module: nn.Module) -> str | None:
    """Returns the name under which this module's type is known here; None for other modules."""
    if isinstance(module, ActivationStandIn):
        return module.name
    for name, activation in ACTIVATIONS.items():
        if type(module) is activation.module:
            return name
    return None
