"""Self-attention of several heads, written out so that it vectorizes over trials."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

QKV = 3
"""Query, key and value, stacked in this order in one weight."""


class Attention(nn.Module):
    """softmax(c q k^T / sqrt(d)) v by head of d = width / heads numbers, (B, T, width) twice.

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        causal: Number of time steps, where a time step must not see later ones; else None.
        normalized: Whether queries and keys are divided by their root mean square, by head, and
            scaled by weights that are trained.
        cap: Scores s become cap tanh(s / cap); None leaves them.
        score_scale: c, a factor on the scores.

    Raises:
        ValueError: If `heads` does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, eq. 1 and sec. 3.2.2; Dehghani et
        al., Scaling vision transformers to 22 billion parameters, ICML 2023 (normalized queries
        and keys); Gemma team, Gemma 2, 2024, sec. 2 (capped scores).
    """

    later: Tensor | None

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        causal: int | None,
        normalized: bool = False,
        cap: float | None = None,
        score_scale: float = 1.0,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(
                f"`width % heads == 0` must hold, but got width={width}, heads={heads}"
            )
        self._heads = heads
        self._cap = cap
        self._divisor = math.sqrt(width // heads) / score_scale
        later = None
        if causal is not None:
            later = torch.ones(causal, causal, dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)
        self.qkv = nn.Linear(width, QKV * width)
        self.query_norm = nn.RMSNorm(width // heads) if normalized else None
        self.key_norm = nn.RMSNorm(width // heads) if normalized else None
        self.out = nn.Linear(width, width)

    def forward(self, inputs: Tensor) -> Tensor:
        by_head = self.qkv(inputs).unflatten(2, (QKV, self._heads, -1))
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4).unbind(0)
        if self.query_norm is not None and self.key_norm is not None:
            queries, keys = self.query_norm(queries), self.key_norm(keys)
        scores = (queries / self._divisor) @ keys.mT
        if self._cap is not None:
            scores = self._cap * torch.tanh(scores / self._cap)
        if self.later is not None:
            scores = scores.masked_fill_(self.later, -math.inf)
        mixed = scores.softmax(dim=-1) @ values
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended
