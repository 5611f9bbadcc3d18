"""Parameters of a cohort, stacked along a leading trial axis K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

Stacked = dict[str, Tensor]
"""Parameter name -> (K, *shape), each a leaf that autograd differentiates by."""


def stack(
    values: Sequence[Mapping[str, Tensor]], *, device: torch.device, dtype: torch.dtype
) -> Stacked:
    """Stacks one mapping of parameters a trial."""
    return {
        name: _leaf(torch.stack([trial[name] for trial in values]).to(device, dtype))
        for name in values[0]
    }


def keep(parameters: Stacked, slots: Tensor) -> Stacked:
    """The trials of these slots only."""
    return {
        name: _leaf(value.detach().index_select(0, slots)) for name, value in parameters.items()
    }


def forward(module: nn.Module, parameters: Stacked, inputs_KxB: Tensor) -> Tensor:
    """Outputs (K, B, ...) of every trial's network on its own batch.

    Only the forward pass runs under vmap; autograd then records plain batched operations, so that
    the backward pass of the whole cohort runs in C++ without vmap's dispatch.
    """

    def one(values: Stacked, inputs_B: Tensor) -> Tensor:
        output: Tensor = functional_call(module, values, (inputs_B,))
        return output

    outputs: Tensor = vmap(one)(parameters, inputs_KxB)
    return outputs


def aligned(value: Tensor, like: Tensor) -> Tensor:
    """`value` in the memory layout of `like`.

    The gradient of a batched product comes out transposed; updating a parameter in another
    layout than its gradient's costs four times as much on a CPU.
    """
    if value.stride() == like.stride():
        return value
    return torch.empty_like(like).copy_(value)


def align(parameters: Stacked, gradients: Sequence[Tensor]) -> None:
    """Moves each parameter into its gradient's layout, in place of the mapping's value."""
    for (name, value), gradient in zip(list(parameters.items()), gradients, strict=True):
        if value.stride() != gradient.stride():
            parameters[name] = _leaf(aligned(value.detach(), gradient))


def _leaf(value: Tensor) -> Tensor:
    return value.requires_grad_()
