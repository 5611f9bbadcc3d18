"""Exact zeros among activations: sparsity and dead units."""

from __future__ import annotations

from torch import Tensor

from study.engine.quantities.share import share_equal


def zero_fraction(activations_KxB: Tensor) -> Tensor:
    """Share of activations that are exactly zero, (K, B, ...) -> (K,)."""
    return share_equal(activations_KxB, 0.0)


def dead_fraction(activations_KxB: Tensor) -> Tensor:
    """Share of units that are zero on every example of the batch, (K, B, U, ...) -> (K,).

    A unit is an index of axis 2; further axes (pixels) count as further examples.

    References:
        Lu et al., Dying ReLU and initialization, 2019, sec. 2.
    """
    largest_KxU = activations_KxB.abs().amax(dim=1)
    if largest_KxU.ndim > 2:
        largest_KxU = largest_KxU.flatten(2).amax(dim=2)
    return share_equal(largest_KxU, 0.0)
