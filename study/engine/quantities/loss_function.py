"""What quantities of the loss surface ask of a cohort: its losses at given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class LossFunction(Protocol):
    """Mean loss of each trial on its own examples, differentiable in the parameters."""

    def __call__(
        self, parameters: Mapping[str, Tensor], inputs_KxB: Tensor, targets_KxB: Tensor
    ) -> Tensor:
        """Losses by trial, (K,).

        Args:
            parameters: By name, (K, ...) each.
            inputs_KxB: (K, B, ...).
            targets_KxB: (K, B, ...).
        """
