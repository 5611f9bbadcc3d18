"""Size of an update beside the size of what it updates."""

from __future__ import annotations

from torch import Tensor

from study.engine.quantities.rms import norm


def update_ratio(before: Tensor, after: Tensor) -> Tensor:
    """|after - before| / |before| by trial, (K, ...) -> (K,)."""
    return norm(after - before) / norm(before)


def joint_update_ratio(update_norms_NxK: Tensor, norms_NxK: Tensor) -> Tensor:
    """The same for N parameters taken together, from the norms of each, -> (K,)."""
    return update_norms_NxK.norm(dim=0) / norms_NxK.norm(dim=0)
