"""Share of values that a comparison picks, by trial."""

from __future__ import annotations

import torch
from torch import Tensor


def share_equal(values: Tensor, number: float) -> Tensor:
    """Computes the share of values equal to a number, (K, ...) -> (K,)."""
    # Written into floats: summing booleans converts them first, at seven times the cost.
    return torch.eq(values, number, out=torch.empty_like(values)).flatten(1).mean(dim=1)


def share_below(values: Tensor, limit: float) -> Tensor:
    """Computes the share of values below a limit, (K, ...) -> (K,)."""
    return torch.lt(values, limit, out=torch.empty_like(values)).flatten(1).mean(dim=1)
