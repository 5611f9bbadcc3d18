"""Exact zeros among activations: sparsity and dead units."""

from __future__ import annotations

from torch import Tensor

from study.engine.quantities.share import share_equal


def zero_fraction(activations_KxB: Tensor) -> Tensor:
    """Computes the share of activations that are exactly zero, (K, B, ...) -> (K,)."""
    return share_equal(activations_KxB, 0.0)


def dead_fraction(activations_KxB: Tensor) -> Tensor:
    """Computes the share of units that are 0 on all examples, (K, B, U, ...) -> (K,).

    A unit is an index of axis 2; further axes (pixels) count as further examples.

    References:
        Lu et al., Dying ReLU and initialization, 2019, sec. 2.
    """
    # A sum of sizes is zero where all of them are; the largest of them costs up to ten times more.
    sizes_KxU = activations_KxB.abs().sum(dim=1)
    if sizes_KxU.ndim > 2:
        sizes_KxU = sizes_KxU.flatten(2).sum(dim=2)
    return share_equal(sizes_KxU, 0.0)
