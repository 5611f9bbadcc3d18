"""Adafactor: mean squared gradients kept by row and by column."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors

_PARAMETER = 2
"""Axes of a block, (P, K, ...), from which on it is a parameter's."""

_LEAST_SIZE = 1e-3
"""Size that a parameter counts with at least; the paper's epsilon 2."""

_DECAY_POWER = 0.8
"""The mean of step t takes t^-0.8 of the new squared gradient; section 7.2."""


class Adafactor:
    """p <- p - max(1e-3, rms p) min(lr, 1 / sqrt t) u / max(1, rms u), u = g / sqrt v.

    torch.optim.Adafactor, per trial. v is the mean squared gradient: for a parameter of two axes
    and more the product of its means over rows and over columns, along the last two axes. Steps
    are relative to the parameters' size and never longer than it.

    References:
        Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost,
        ICML 2018, algorithms 4 and 5.
    """

    couples_decay = False
    memory = ("rows", "columns")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        if gradient.ndim - _PARAMETER < 2:
            # A vector has a mean of its own for each number, and no second kind.
            return torch.zeros_like(gradient), gradient.new_zeros(gradient.shape[:2])
        return (
            torch.zeros_like(gradient[..., :1]),
            torch.zeros_like(gradient[..., :1, :]),
        )

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        arriving = float(step) ** -_DECAY_POWER
        decay_K = self._columns.used("weight_decay", 0.0)
        factors = {
            "rate": learning_rate_K.clamp(max=step**-0.5),
            "arriving": torch.full_like(learning_rate_K, arriving),
        }
        return factors if decay_K is None else {**factors, "kept": 1 - learning_rate_K * decay_K}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        least = torch.finfo(parameter.dtype).eps
        size = _rms(parameter).clamp(min=_LEAST_SIZE)
        if "kept" in factors:
            parameter.mul_(factors["kept"])
        variance = self._variance(gradient, memory, factors["arriving"], least)
        direction = variance.clamp(min=least * least).rsqrt_().mul_(gradient)
        length = _rms(direction).clamp(min=1.0)
        parameter.addcmul_(direction, factors["rate"] * size / length, value=-1)

    def _variance(
        self, gradient: Tensor, memory: Sequence[Tensor], arriving: Tensor, least: float
    ) -> Tensor:
        rows, columns = memory
        squared = gradient.square()
        if gradient.ndim - _PARAMETER < 2:
            rows.lerp_(squared, arriving)
            return rows
        rows.lerp_(squared.mean(dim=-1, keepdim=True), arriving)
        columns.lerp_(squared.mean(dim=-2, keepdim=True), arriving)
        return rows @ columns / rows.mean(dim=-2, keepdim=True).clamp(min=least)


def _rms(block: Tensor) -> Tensor:
    """Root mean square of each parameter of each trial, (P, K, 1, ...)."""
    axes = tuple(range(_PARAMETER, block.ndim))
    return block.square().mean(dim=axes, keepdim=True).sqrt() if axes else block.abs()
