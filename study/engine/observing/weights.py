"""What a recorded step shows of layers' weights and their gradients.

Axes: K trials, L layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of a step before its update.

    Their norms are given: the step has them anyway, and each look at all weights of a cohort
    fetches them from memory again.

    Attributes:
        norms_LxK: Of the layers' weights, float64.
        gradient_norms_LxK: Of their unclipped gradients, float64.
        parameter: A parameter by its name, (K, ...).
        gradient: Its unclipped gradient, (K, ...).
    """

    norms_LxK: Tensor
    gradient_norms_LxK: Tensor
    parameter: Callable[[str], Tensor]
    gradient: Callable[[str], Tensor]

    def measured(self, layers: Sequence[Layer]) -> dict[str, Tensor]:
        """Computes every quantity of the weights of the layers, (K, L) each in float64."""
        values = [self.parameter(layer.weight) for layer in layers]
        gradients = [self.gradient(layer.weight) for layer in layers]
        counts_L = self.norms_LxK.new_tensor([math.prod(value.shape[1:]) for value in values])
        # There is none of a frozen layer: a zero would look like one that vanished.
        frozen_L = torch.tensor([layer.frozen for layer in layers], device=counts_L.device)
        of_gradient = {"weight_grad_rms": self.gradient_norms_LxK.T / counts_L.sqrt()}
        of_gradient |= _asked(quantities.ON_WEIGHT_GRADIENT, gradients)
        return {
            "weight_count": counts_L.expand(self.norms_LxK.shape[1], -1),
            "weight_rms": self.norms_LxK.T / counts_L.sqrt(),
            **_asked(quantities.ON_WEIGHT, values),
            **{name: row.masked_fill(frozen_L, torch.nan) for name, row in of_gradient.items()},
            "nonfinite_count": self._nonfinite(gradients).T,
        }

    def _nonfinite(self, gradients: Sequence[Tensor]) -> Tensor:
        """NaN and Inf in each gradient, (L, K); there are none where its norm is finite."""
        counts_LxK = torch.zeros_like(self.gradient_norms_LxK)
        broken_L = (~self.gradient_norms_LxK.isfinite()).any(dim=1)
        for index in broken_L.nonzero().flatten().tolist():
            counts_LxK[index] = quantities.nonfinite_count(gradients[index]).double()
        return counts_LxK


def _asked(
    table: Mapping[str, Callable[[Tensor], Tensor]], values: Sequence[Tensor]
) -> dict[str, Tensor]:
    return {
        name: torch.stack([compute(value) for value in values], dim=1).double()
        for name, compute in table.items()
    }
