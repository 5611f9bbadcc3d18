"""Optimizers by name; each updates the stacked parameters of a cohort in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from study.engine.optimizers.sgd import Sgd


class Optimizer(Protocol):
    """One optimizer for all trials of a cohort."""

    def step(
        self,
        blocks: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        """Updates blocks (P, K, ...) in place, from gradients that clipping scales."""

    def keep(self, slots: Tensor) -> None:
        """Go on with these trials of the cohort only."""


OptimizerFactory = Callable[[Sequence[Mapping[str, Any]], torch.device, torch.dtype], Optimizer]

OPTIMIZERS: dict[str, OptimizerFactory] = {
    "sgd": Sgd,
}
