"""Attention of several heads, written out so that it vectorizes over trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.sequences import chosen
from study.engine.parametrizations import score_scale

QK_NORMALIZATIONS = ("none", "rms")

QKV = 3
"""Query, key and value, stacked in this order in one weight."""

KV = 2
"""Key and value, stacked the same way."""


def attention_options(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what `Attention` and `CrossAttention` make of scores: their last three arguments.

    Raises:
        ValueError: If a name is unknown.
    """
    normalized = chosen(hyperparameters, "qk_normalization", QK_NORMALIZATIONS, default="none")
    cap = hyperparameters.get("attention_cap", "none")
    return {
        "normalized": normalized != "none",
        "cap": None if cap == "none" else float(cap),
        "score_scale": score_scale(hyperparameters),
    }


class Heads(nn.Module):
    """What attention makes of queries, keys and values: softmax(c q k^T / sqrt(d)) v by head.

    d = width / heads is what a head has of a time step.

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        projections: Name of each linear map before the heads -> how many of queries, keys and
            values it gives, stacked.
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

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        projections: Mapping[str, int],
        normalized: bool = False,
        cap: float | None = None,
        score_scale: float = 1.0,
    ) -> None:
        if width % heads:
            raise ValueError(
                f"`width % heads == 0` must hold, but got width={width}, heads={heads}"
            )
        super().__init__()
        self._heads, self._cap = heads, cap
        self._divisor = math.sqrt(width // heads) / score_scale
        # First, as parameters are drawn in their order.
        for name, parts in projections.items():
            self.add_module(name, nn.Linear(width, parts * width))
        self.query_norm = nn.RMSNorm(width // heads) if normalized else None
        self.key_norm = nn.RMSNorm(width // heads) if normalized else None
        self.out = nn.Linear(width, width)

    def by_head(self, projected: Tensor) -> tuple[Tensor, ...]:
        """Takes apart what a projection has stacked, (B, T, n width) -> n of (B, heads, T, d)."""
        parts = projected.shape[2] // self.out.in_features
        stacked = projected.unflatten(2, (parts, self._heads, -1))
        return stacked.permute(2, 0, 3, 1, 4).unbind(0)

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, *, later: Tensor | None = None
    ) -> Tensor:
        """Mixes values by scores, (B, heads, T, d) -> (B, S, width); none where `later` is set."""
        if self.query_norm is not None and self.key_norm is not None:
            queries, keys = self.query_norm(queries), self.key_norm(keys)
        scores = queries / self._divisor @ keys.mT
        if self._cap is not None:
            scores = self._cap * torch.tanh(scores / self._cap)
        if later is not None:
            scores = scores.masked_fill_(later, -math.inf)
        mixed = scores.softmax(dim=-1) @ values
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended


class Attention(Heads):
    """Queries, keys and values of one sequence, (B, T, width) twice.

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        causal: Number of time steps, where a time step must not see later ones; else None.
        options: Further arguments of `Heads`.
    """

    qkv: nn.Linear
    later: Tensor | None

    def __init__(self, width: int, heads: int, *, causal: int | None, **options: Any) -> None:
        super().__init__(width, heads, projections={"qkv": QKV}, **options)
        later = None
        if causal is not None:
            later = torch.ones(causal, causal, dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.attend(*self.by_head(self.qkv(inputs)), later=self.later)


class CrossAttention(Heads):
    """Queries of one sequence, keys and values of another.

    (B, S, width) and a memory (B, T, width) -> (B, S, width).

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        options: Further arguments of `Heads`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, sec. 3.2.3.
    """

    query: nn.Linear
    key_value: nn.Linear

    def __init__(self, width: int, heads: int, **options: Any) -> None:
        super().__init__(width, heads, projections={"query": 1, "key_value": KV}, **options)

    def forward(self, inputs: Tensor, memory: Tensor) -> Tensor:
        (queries,) = self.by_head(self.query(inputs))
        return self.attend(queries, *self.by_head(self.key_value(memory)))
