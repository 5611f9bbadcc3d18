"""Stochastic gradient descent with heavy-ball momentum and coupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

CHUNK = 2**17
"""Numbers updated together: all operations on them find them in the cache of a CPU core."""


class Sgd:
    """m <- momentum m + (g + weight_decay p);  p <- p - lr m: torch.optim.SGD, per trial.

    Args:
        hyperparameters: One mapping a trial: `momentum` and `weight_decay`, both 0 if absent.
        device: Of the parameters.
        dtype: Of the parameters.

    References:
        Sutskever et al., On the importance of initialization and momentum, ICML 2013.
    """

    def __init__(
        self,
        hyperparameters: Sequence[Mapping[str, Any]],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._momentum_K = _column("momentum", hyperparameters, device, dtype)
        self._weight_decay_K = _column("weight_decay", hyperparameters, device, dtype)
        self._buffers: list[Tensor] = []

    def step(
        self,
        blocks: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        """Updates blocks (P, K, ...) in place; gradients may be overwritten."""
        if self._momentum_K is not None:
            self._fit_buffers(gradients)
        for position, (block, gradient) in enumerate(zip(blocks, gradients, strict=True)):
            rate = _along(learning_rate_K, block)
            scale, momentum, decay = (
                None if values is None else _along(values, block)
                for values in (gradient_scale_K, self._momentum_K, self._weight_decay_K)
            )
            buffers = self._buffers[position] if self._buffers else gradient
            for parameter, direction, buffer in _chunks(block, gradient, buffers):
                if momentum is not None:
                    _accumulate(buffer.mul_(momentum), direction, scale)
                    direction = buffer
                elif scale is not None:
                    direction.mul_(scale)
                if decay is not None:
                    direction.addcmul_(parameter, decay)
                parameter.addcmul_(direction, rate, value=-1)

    def keep(self, slots: Tensor) -> None:
        """Go on with these trials of the cohort only."""
        self._buffers = [buffer.index_select(1, slots) for buffer in self._buffers]
        if self._momentum_K is not None:
            self._momentum_K = self._momentum_K[slots]
        if self._weight_decay_K is not None:
            self._weight_decay_K = self._weight_decay_K[slots]

    def _fit_buffers(self, gradients: Sequence[Tensor]) -> None:
        """Zero buffers at first; later, buffers in the memory layout of their gradients."""
        if not self._buffers:
            self._buffers = [torch.zeros_like(gradient) for gradient in gradients]
        for position, (buffer, gradient) in enumerate(zip(self._buffers, gradients, strict=True)):
            if buffer.stride() != gradient.stride():
                self._buffers[position] = torch.empty_like(gradient).copy_(buffer)


def _column(
    name: str,
    hyperparameters: Sequence[Mapping[str, Any]],
    device: torch.device,
    dtype: torch.dtype,
) -> Tensor | None:
    """One value a trial, or None where no trial of the cohort uses it."""
    values = [float(values.get(name, 0.0)) for values in hyperparameters]
    if not any(values):
        return None
    return torch.tensor(values, device=device, dtype=dtype)


def _along(values_K: Tensor, block: Tensor) -> Tensor:
    """(K,) as (1, K, 1, ...), to multiply a block (P, K, ...)."""
    return values_K.view(1, -1, *(1,) * (block.ndim - 2))


def _accumulate(buffer: Tensor, gradient: Tensor, scale: Tensor | None) -> None:
    if scale is None:
        buffer.add_(gradient)
    else:
        buffer.addcmul_(gradient, scale)


def _chunks(*blocks: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Rows of blocks of one shape that fit a CPU core's cache; all rows on other devices."""
    first = blocks[0]
    rows = max(1, CHUNK // max(1, math.prod(first.shape[1:])))
    if first.device.type != "cpu" or rows >= len(first):
        yield blocks
        return
    yield from zip(*(block.split(rows) for block in blocks), strict=True)
