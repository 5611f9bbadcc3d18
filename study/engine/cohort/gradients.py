"""Gradients that may be written to."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def separate(gradients: Sequence[Tensor]) -> list[Tensor]:
    """Returns the same gradients, each in memory of its own.

    Autograd gives one and the same tensor to both terms of a sum of two parameters, and may
    give a number repeated by a stride of zero; clipping and optimizers write in place.
    """
    taken: set[int] = set()
    own = []
    for gradient in gradients:
        repeated = any(
            stride == 0 and size > 1
            for stride, size in zip(gradient.stride(), gradient.shape, strict=True)
        )
        if repeated or gradient.data_ptr() in taken:
            gradient = gradient.clone()
        taken.add(gradient.data_ptr())
        own.append(gradient)
    return own
