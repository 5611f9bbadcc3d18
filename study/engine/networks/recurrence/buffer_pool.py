"""Memory that a layer uses again in every step of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor


class Spare:
    """Tensors that are done with, to be taken again.

    A sequence leaves hundreds of megabytes to its backward pass. The CPU's allocator gives these
    back to the system in every step, and being given fresh ones costs as much as a third of the
    arithmetic. A graph that is used after its memory was taken again raises torch's error of a
    tensor modified in place.
    """

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Copies of a network that take turns share their memory."""
        return self

    def take(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Returns a tensor of this shape, its numbers undefined; of type and device as another."""
        for index, tensor in enumerate(self._tensors):
            if tensor.shape == torch.Size(shape) and _alike(tensor, like):
                return self._tensors.pop(index)
        return like.new_empty(*shape)

    def give(self, tensors: Sequence[Tensor]) -> None:
        """Keeps tensors that nobody reads any more, and drops what was kept before."""
        self._tensors = [tensor for tensor in tensors if tensor.device.type == "cpu"]


def _alike(tensor: Tensor, other: Tensor) -> bool:
    return tensor.dtype == other.dtype and tensor.device == other.device
