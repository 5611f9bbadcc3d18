"""Stochastic gradient descent with heavy-ball momentum and coupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from study.engine.stacking import aligned


def per_trial(values_K: Tensor, like: Tensor) -> Tensor:
    """(K,) as (K, 1, ..., 1), to multiply a stacked parameter."""
    return values_K.view(-1, *(1,) * (like.ndim - 1))


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
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        """Update in place; gradients may be overwritten."""
        if self._momentum_K is not None and not self._buffers:
            self._buffers = [torch.zeros_like(gradient) for gradient in gradients]
        for position, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            direction = gradient
            if gradient_scale_K is not None:
                direction = direction.mul_(per_trial(gradient_scale_K, gradient))
            if self._weight_decay_K is not None:
                direction = direction.addcmul_(
                    parameter, per_trial(self._weight_decay_K, gradient)
                )
            if self._momentum_K is not None:
                buffer = self._buffers[position] = aligned(self._buffers[position], direction)
                direction = buffer.mul_(per_trial(self._momentum_K, buffer)).add_(direction)
            parameter.addcmul_(direction, per_trial(learning_rate_K, parameter), value=-1)

    def keep(self, slots: Tensor) -> None:
        """Go on with these trials of the cohort only."""
        self._buffers = [buffer.index_select(0, slots) for buffer in self._buffers]
        if self._momentum_K is not None:
            self._momentum_K = self._momentum_K[slots]
        if self._weight_decay_K is not None:
            self._weight_decay_K = self._weight_decay_K[slots]


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
