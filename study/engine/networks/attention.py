"""Self-attention of several heads, written out so that it vectorizes over trials."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

QKV = 3
"""Query, key and value, stacked in this order in one weight."""


class Attention(nn.Module):
    """softmax(q k^T / sqrt(d)) v by head of d = width / heads numbers, (B, T, width) twice.

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        causal: Whether a time step must not see later ones.

    Raises:
        ValueError: If `heads` does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, eq. 1 and sec. 3.2.2.
    """

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(
                f"`width % heads == 0` must hold, but got width={width}, heads={heads}"
            )
        self._heads = heads
        self._causal = causal
        self.qkv = nn.Linear(width, QKV * width)
        self.out = nn.Linear(width, width)

    def forward(self, inputs: Tensor) -> Tensor:
        by_head = self.qkv(inputs).unflatten(2, (QKV, self._heads, -1))
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (queries / math.sqrt(queries.shape[-1])) @ keys.mT
        if self._causal:
            length = inputs.shape[1]
            later = torch.ones(length, length, dtype=torch.bool, device=inputs.device).triu(1)
            scores = scores.masked_fill(later, -math.inf)
        mixed = scores.softmax(dim=-1) @ values
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended
