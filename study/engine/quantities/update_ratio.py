"""Size of an update beside the size of what it updates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.quantities.rms import norm


def update_ratio(before: Tensor, after: Tensor) -> Tensor:
    """|after - before| / |before| by trial, (K, ...) -> (K,)."""
    return norm(after - before) / norm(before)


def joint_update_ratio(before: Sequence[Tensor], after: Sequence[Tensor]) -> Tensor:
    """The same over several stacked parameters taken together, -> (K,)."""
    updates = torch.stack([norm(new - old) for old, new in zip(before, after, strict=True)])
    sizes = torch.stack([norm(old) for old in before])
    return updates.norm(dim=0) / sizes.norm(dim=0)
