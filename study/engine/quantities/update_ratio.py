"""Size of an update beside the size of what it updates."""

from __future__ import annotations

from torch import Tensor


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
