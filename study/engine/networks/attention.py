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
        self._heads = heads
        self._cap = cap
        self._divisor = _divisor(width, heads) / score_scale
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
        mixed = _mixed(queries / self._divisor, keys, values, cap=self._cap, later=self.later)
        attended: Tensor = self.out(mixed)
        return attended


class CrossAttention(nn.Module):
    """The same with queries of one sequence, keys and values of another.

    (B, S, width) and a memory (B, T, width) -> (B, S, width).

    Args:
        width: Numbers in a time step.
        heads: Number of heads.
        normalized: As in `Attention`.
        cap: As there.
        score_scale: As there.

    Raises:
        ValueError: If `heads` does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, sec. 3.2.3.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        normalized: bool = False,
        cap: float | None = None,
        score_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self._heads = heads
        self._cap = cap
        self._divisor = _divisor(width, heads) / score_scale
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, KV * width)
        self.query_norm = nn.RMSNorm(width // heads) if normalized else None
        self.key_norm = nn.RMSNorm(width // heads) if normalized else None
        self.out = nn.Linear(width, width)

    def forward(self, inputs: Tensor, memory: Tensor) -> Tensor:
        queries = self.query(inputs).unflatten(2, (self._heads, -1)).transpose(1, 2)
        by_head = self.key_value(memory).unflatten(2, (KV, self._heads, -1))
        keys, values = by_head.permute(2, 0, 3, 1, 4).unbind(0)
        if self.query_norm is not None and self.key_norm is not None:
            queries, keys = self.query_norm(queries), self.key_norm(keys)
        mixed = _mixed(queries / self._divisor, keys, values, cap=self._cap, later=None)
        attended: Tensor = self.out(mixed)
        return attended


def _divisor(width: int, heads: int) -> float:
    """Returns sqrt(d) of heads of d numbers, or raises if there are none such."""
    if width % heads:
        raise ValueError(f"`width % heads == 0` must hold, but got width={width}, heads={heads}")
    return math.sqrt(width // heads)


def _mixed(
    queries: Tensor, keys: Tensor, values: Tensor, *, cap: float | None, later: Tensor | None
) -> Tensor:
    """Computes means of values, (B, heads, T, d) -> (B, S, heads * d)."""
    scores = queries @ keys.mT
    if cap is not None:
        scores = cap * torch.tanh(scores / cap)
    if later is not None:
        scores = scores.masked_fill_(later, -math.inf)
    mixed = scores.softmax(dim=-1) @ values
    return mixed.transpose(1, 2).flatten(2)
