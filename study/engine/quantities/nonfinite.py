"""Count of values that are NaN or infinite."""

from __future__ import annotations

import torch
from torch import Tensor


def nonfinite_count(values: Tensor) -> Tensor:
    """Counts NaN and Inf by trial, (K, ...) -> (K,).

    Counted explicitly: histograms and means that drop them look healthy.
    """
    flat = values.flatten(1)
    sums = flat.sum(dim=1)
    if bool(sums.isfinite().all()):
        # A finite sum has only finite terms; the exact count costs five times as much.
        return torch.zeros_like(sums)
    return (~flat.isfinite()).sum(dim=1)
