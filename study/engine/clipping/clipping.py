"""The clipping of a cohort, each trial by its own rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from study.engine.clipping.adaptive import clip_adaptively
from study.engine.clipping.norm import norm_factor
from study.engine.clipping.value import clip_by_value
from study.engine.cohort.blocks import Blocks
from study.engine.cohort.per_trial import Columns

LIMITS = ("clip_agc", "clip_value", "clip_norm")


@dataclass(frozen=True, kw_only=True)
class Clipped:
    """What clipping did to the gradients of one step.

    Attributes:
        scale_K: What they are yet to be multiplied by; None for 1 in every trial.
        factor_K: Norm of the clipped gradient by norm of the gradient: exactly 1 where nothing
            was cut, and for a zero gradient.
    """

    scale_K: Tensor | None
    factor_K: Tensor


class Clipping:
    """Clips by `clip_agc`, then by `clip_value`, then by `clip_norm`.

    Args:
        hyperparameters: One mapping a trial; a limit that is absent or none clips nothing.
        device: Where the gradients are.
        dtype: The gradients' type.
    """

    def __init__(
        self,
        hyperparameters: Sequence[Mapping[str, Any]],
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._columns = Columns(hyperparameters, device=device, dtype=dtype)

    def clip(self, gradients: Sequence[Tensor], blocks: Blocks, grad_norm_K: Tensor) -> Clipped:
        """Clips in place what cannot be left to a scale; the host never waits for the device.

        Args:
            gradients: Laid out as the blocks are.
            blocks: The parameters before the update.
            grad_norm_K: Global norm of the gradients as they come.
        """
        adaptive_K, value_K, norm_K = (
            self._columns.used(name, math.inf, unused=math.inf) for name in LIMITS
        )
        if adaptive_K is not None:
            clip_adaptively(gradients, blocks.values, adaptive_K)
        if value_K is not None:
            clip_by_value(gradients, value_K)
        in_place = adaptive_K is not None or value_K is not None
        clipped_norm_K = blocks.norms(gradients).norm(dim=0) if in_place else grad_norm_K
        scale_K = None if norm_K is None else norm_factor(clipped_norm_K, norm_K)
        factor_K = torch.ones_like(grad_norm_K)
        if scale_K is not None:
            factor_K = torch.where(clipped_norm_K == 0, factor_K, scale_K)
        if in_place:
            factor_K = factor_K * _ratio(clipped_norm_K, grad_norm_K)
        return Clipped(scale_K=scale_K, factor_K=factor_K)

    def limits(self) -> dict[str, Tensor]:
        """Returns the trials' limits by name, (K,) each; infinity clips nothing."""
        return {name: self._columns.tensor(name, math.inf) for name in LIMITS}

    def keep(self, slots: Sequence[int]) -> None:
        """Goes on with these trials of the cohort only."""
        self._columns.keep(slots)


def _ratio(clipped_norm_K: Tensor, grad_norm_K: Tensor) -> Tensor:
    """Of the norms; they are equal to the last bit where nothing was cut, and 1 is exact."""
    untouched_K = clipped_norm_K == grad_norm_K
    return torch.where(untouched_K, 1.0, clipped_norm_K / grad_norm_K).clamp_(max=1.0)
