"""The scaler of mixed precision: what it multiplied losses and gradients by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch.optim import Optimizer


class Scaler:
    """Reads a gradient scaler, if the loop has one.

    Args:
        scaler: A `torch.amp.GradScaler`; None if there is none, or the owner did not hand it over.
    """

    def __init__(self, scaler: torch.amp.GradScaler | None) -> None:
        self._scaler = scaler if scaler is not None and scaler.is_enabled() else None
        self._scale = self._now()
        self._guessed = 1.0

    def of_losses(self) -> float:
        """Returns the factor of the loss, and so of what travels backwards."""
        return self._now() if self._scaler is not None else self._guessed

    def of_gradients(self, optimizers: Sequence[Optimizer]) -> float:
        """Returns the factor of the gradients that the optimizers got.

        A scaler takes its factor out of them before the step, but for fused optimizers, which do
        so themselves.
        """
        scales = [getattr(optimizer, "grad_scale", None) for optimizer in optimizers]
        known = [float(scale) for scale in scales if scale is not None]
        return known[0] if known else 1.0

    def skipped(self) -> bool:
        """Returns whether the scaler has left out a step since this was asked last."""
        before, self._scale = self._scale, self._now()
        return self._scale < before

    def clip_factor(
        self, ratio: float, used: Mapping[int, float], arrived: Mapping[int, float]
    ) -> float:
        """Returns what was clipped, from the ratio of gradients used over those that arrived.

        Without the scaler itself, a ratio that is the same power of two for every parameter is
        taken for its factor.
        """
        if self._scaler is not None:
            ratio *= self._now()
        elif ratio < 1 and self._guessed == 1.0:
            self._guessed = _power_of_two(ratio, used, arrived)
            ratio *= self._guessed
        elif self._guessed != 1.0:
            power = _power_of_two(ratio, used, arrived)
            self._guessed = power if power != 1.0 else self._guessed
            ratio *= self._guessed
        # Norms are rounded: what is that near to 1 was not clipped.
        return 1.0 if abs(ratio - 1) < 1e-5 else ratio

    def _now(self) -> float:
        return 1.0 if self._scaler is None else float(self._scaler.get_scale())


def _power_of_two(ratio: float, used: Mapping[int, float], arrived: Mapping[int, float]) -> float:
    """Returns 2^k if every gradient was divided by it, k >= 4; else 1."""
    if not (0 < ratio < 1):
        return 1.0
    exponent = round(-math.log2(ratio))
    if exponent < 4:
        return 1.0
    scale = 2.0**exponent
    for key, norm in used.items():
        whole = arrived[key]
        if whole > 0 and abs(norm * scale / whole - 1) > 1e-4:
            return 1.0
    return scale
