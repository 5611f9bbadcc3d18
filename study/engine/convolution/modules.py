"""Putting the convolutions of a cohort behind the modules of any network."""

from __future__ import annotations

from types import MethodType

from torch import Tensor, nn

from study.engine.convolution.functions import conv2d
from study.engine.convolution.geometry import Geometry


def use_batched_convolutions(module: nn.Module) -> int:
    """Gives a network's plain convolutions a forward pass that is fast under vmap.

    Numbers stay as they are, up to rounding. Convolutions with groups, dilation or another
    padding than zeros, and subclasses of `torch.nn.Conv2d`, are left as they are.

    Args:
        module: Its `torch.nn.Conv2d` modules are changed in place, each instance by itself.

    Returns:
        How many were changed.
    """
    fitting = [child for child in module.modules() if _fits(child)]
    for child in fitting:
        child.forward = MethodType(_forward, child)
    return len(fitting)


def _fits(module: nn.Module) -> bool:
    return (
        type(module) is nn.Conv2d
        and module.groups == 1
        and module.dilation == (1, 1)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )


def _forward(self: nn.Conv2d, inputs: Tensor) -> Tensor:
    geometry = Geometry(
        stride=(self.stride[0], self.stride[1]),
        padding=(int(self.padding[0]), int(self.padding[1])),
    )
    if inputs.ndim == 3:  # One image without a batch, as nn.Conv2d allows.
        return conv2d(inputs.unsqueeze(0), self.weight, self.bias, geometry).squeeze(0)
    return conv2d(inputs, self.weight, self.bias, geometry)
