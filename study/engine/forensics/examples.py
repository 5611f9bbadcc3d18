"""Which examples of a batch went wrong.

Axes: B examples.
"""

from __future__ import annotations

import torch
from torch import Tensor

NAMED = 3
"""Rows that a detail names; it counts the others."""


def wrong_rows(values: Tensor, examples: int) -> Tensor:
    """Returns which examples hold a value that is not finite, (B,), on the CPU.

    Args:
        values: (B, ...).
        examples: B.
    """
    if not values.is_floating_point():
        return torch.zeros(examples, dtype=torch.bool)
    return ~values.detach().reshape(examples, -1).isfinite().all(dim=1).cpu()


def counted(wrong_B: Tensor, rows_B: Tensor) -> str:
    """Writes "2 of 64 examples (rows 3, 18)", or "all 64 examples".

    Args:
        wrong_B: Which examples of the batch, (B,).
        rows_B: Their row numbers in the data, (B,).
    """
    if bool(wrong_B.all()):
        return f"all {len(wrong_B)} examples"
    rows = sorted(rows_B.cpu()[wrong_B].tolist())
    named = ", ".join(str(row) for row in rows[:NAMED]) + (", ..." if len(rows) > NAMED else "")
    noun = "row" if len(rows) == 1 else "rows"
    return f"{len(rows)} of {len(wrong_B)} examples ({noun} {named})"
