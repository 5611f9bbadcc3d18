"""What a network is given in one step: how many examples, and how large they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from study.watching.observing.passes import Given
from study.watching.observing.ranks import gathered


def batch_of(given: Sequence[Given], *, across_ranks: bool) -> tuple[int, float]:
    """Returns the examples of a batch, 0 if there are none, and the rms of its first inputs.

    Of a table that is the rms of its largest column, which is felt first; of tokens it is NaN.

    Args:
        given: What modules were given, the first of them first.
        across_ranks: Whether other processes, each of which comes here, have parts of the batch.
    """
    tensors = [tensor for each in given for tensor in each.tensors if tensor.ndim][:1]
    parts = [(len(tensor), _mean_squares(tensor)) for tensor in tensors]
    if across_ranks:
        parts = [part for some in gathered(parts) for part in some]
    examples = sum(rows for rows, _ in parts)
    if not examples:
        return 0, math.nan
    squares = torch.stack([rows / examples * squares for rows, squares in parts]).sum(dim=0)
    return examples, math.sqrt(float(squares.max()))


def _mean_squares(inputs: Tensor) -> Tensor:
    """By column of a table (B, F), (F,), else 0-d."""
    if not inputs.is_floating_point():
        return torch.tensor(math.nan)
    squares = inputs.detach().double().square()
    return (squares.mean(dim=0) if inputs.ndim == 2 else squares.mean()).cpu()
