"""Floating-point types by name, and what is done with numbers below the smallest normal one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


@contextmanager
def without_subnormals() -> Iterator[None]:
    """Takes subnormal numbers for zero within the block, in this thread and those it starts.

    These are nonzero numbers below the smallest normal one, 1.2e-38 in float32. A processor
    computes with them in microcode, 10 to 100 times as slowly, and a network whose gradients
    vanish is full of them: without this a step at depth 32 takes ten times as long. Norms are
    summed in float64 (quantities/rms.py): gradients are told apart down to 1.2e-38 all the same.
    """
    flushed_before = _subnormals_are_zero()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)


def _subnormals_are_zero() -> bool:
    # torch tells how it is set to nobody. Times one: a comparison alone may not look at it.
    return bool(torch.tensor(1e-40, dtype=torch.float32).mul(1.0) == 0)
