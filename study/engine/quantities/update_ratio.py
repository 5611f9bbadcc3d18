"""Size of an update beside the size of what it updates."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from study.engine.cohort.blocks import Blocks
from study.engine.quantities.rms import norm


def update_ratio(updates: Tensor, sizes: Tensor) -> Tensor:
    """Computes |after - before| / |before| from the norms of an update and what it updates.

    Args:
        updates: |after - before| by parameter and trial, (N, K).
        sizes: |before|, (N, K).

    Returns:
        (N, K); NaN where a parameter of zero stays zero, infinite where it does not.
    """
    return updates / sizes


def joint_update_ratio(updates: Tensor, sizes: Tensor) -> Tensor:
    """Computes the same for all N parameters taken together, (N, K) -> (K,)."""
    return update_ratio(updates.norm(dim=0), sizes.norm(dim=0))


def update_sizes(blocks: Blocks, before: Sequence[Tensor]) -> Tensor:
    """Computes |after - before| by parameter and trial, (N, K).

    Args:
        blocks: Parameters after the update.
        before: A copy of their values before it, which is overwritten.
    """
    updates = [old.sub_(new) for old, new in zip(before, blocks.values, strict=True)]
    return blocks.in_order([norm(value, kept=2) for value in updates])
