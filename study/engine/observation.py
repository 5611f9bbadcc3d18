"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer


class Sink:
    """Collects one module's outputs and the loss gradients by them, with the trial axis first.

    A module called T times in one pass (a recurrent cell) leaves T tensors.
    """

    def __init__(self) -> None:
        self._values: list[Tensor] = []
        self._gradients: list[Tensor] = []

    def add_value(self, value_KxB: Tensor) -> None:
        """Take an output, (K, B, ...)."""
        self._values.append(value_KxB)

    def add_gradient(self, gradient_KxB: Tensor) -> None:
        """Take a gradient, (K, B, ...)."""
        self._gradients.append(gradient_KxB)

    @property
    def values_KxB(self) -> Tensor:
        """All outputs, calls joined along the batch axis."""
        return _joined(self._values)

    @property
    def gradients_KxB(self) -> Tensor:
        """All gradients, calls joined along the batch axis (order of the backward pass)."""
        return _joined(self._gradients)


def _joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim=1)


class Observation:
    """What one step shows of each layer, and the quantities computed from it.

    Args:
        layers: What to look at.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self._preactivations = {layer.name: Sink() for layer in layers}
        self._activations = {layer.name: Sink() for layer in layers}

    def preactivation(self, layer: str) -> Sink:
        """Takes a layer's output and delta, the loss gradient by it."""
        return self._preactivations[layer]

    def activation(self, layer: str) -> Sink:
        """Takes the output of the activation behind a layer."""
        return self._activations[layer]

    def measure(
        self, parameter: Callable[[str], Tensor], gradient: Callable[[str], Tensor]
    ) -> dict[str, Tensor]:
        """Every per-layer quantity but the update's, each (K, L) in float64.

        Args:
            parameter: A parameter of all trials before the update by its name, (K, ...).
            gradient: Its unclipped gradient.
        """
        rows = [
            self._measure_layer(layer, parameter(layer.weight), gradient(layer.weight))
            for layer in self.layers
        ]
        return {
            column: torch.stack([row[column].double() for row in rows], dim=1)
            for column in quantities.LAYER_COLUMNS
        }

    def _measure_layer(self, layer: Layer, weight: Tensor, gradient: Tensor) -> dict[str, Tensor]:
        delta_KxB = self._preactivations[layer.name].gradients_KxB
        row = {name: compute(delta_KxB) for name, compute in quantities.ON_DELTA.items()}
        row |= {name: compute(weight) for name, compute in quantities.ON_WEIGHT.items()}
        row |= {name: compute(gradient) for name, compute in quantities.ON_WEIGHT_GRADIENT.items()}
        row["nonfinite_count"] = quantities.nonfinite_count(gradient)
        if layer.activation is None:
            unmeasured = torch.full_like(row["weight_rms"], torch.nan)
            return row | dict.fromkeys(quantities.ACTIVATION_COLUMNS, unmeasured)
        values_KxB = self._activations[layer.name].values_KxB
        row |= {name: compute(values_KxB) for name, compute in quantities.ON_ACTIVATION.items()}
        row["saturated_fraction"] = quantities.saturated_fraction(
            values_KxB, layer.activation_name
        )
        row["nonfinite_count"] = row["nonfinite_count"] + quantities.nonfinite_count(values_KxB)
        return row
