"""Floating-point types by name."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How numbers are kept, and how they are multiplied.

    Attributes:
        parameters: Type of parameters, gradients and optimizer state.
        arithmetic: Type to which autocast rounds the operands of matrix products, if any.
    """

    parameters: torch.dtype
    arithmetic: torch.dtype | None = None

    def autocast(self, device: torch.device) -> AbstractContextManager[None]:
        """Rounds as `arithmetic` says within the block."""
        if self.arithmetic is None:
            return nullcontext()
        # Without the cache: it would keep the rounded weights of one step for the next.
        context: AbstractContextManager[None] = torch.autocast(
            device.type, dtype=self.arithmetic, cache_enabled=False
        )
        return context


PRECISIONS: dict[str, Precision] = {
    "float32": Precision(parameters=torch.float32),
    "float64": Precision(parameters=torch.float64),
    "bfloat16": Precision(parameters=torch.float32, arithmetic=torch.bfloat16),
}
