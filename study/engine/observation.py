"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from study.engine import quantities
from study.engine.layers import Layer
from study.engine.tap import Sink, tap


class Observation:
    """Taps a network for one step: hooks during the forward pass, quantities after the backward.

    Args:
        module: The network's skeleton, on which forward hooks are set.
        layers: What to look at.
    """

    def __init__(self, module: nn.Module, layers: Sequence[Layer]) -> None:
        self._module = module
        self._layers = layers
        self._preactivations = {layer.name: Sink() for layer in layers}
        self._activations = {
            layer.name: Sink() for layer in layers if layer.activation is not None
        }
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Observation:
        modules = dict(self._module.named_modules()) if self._layers else {}
        for layer in self._layers:
            self._watch(modules[layer.name], self._preactivations[layer.name])
            if layer.activation is not None:
                self._watch(modules[layer.activation], self._activations[layer.name])
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _watch(self, module: nn.Module, sink: Sink) -> None:
        def look(_: nn.Module, __: object, output: Tensor) -> Tensor:
            return tap(output, sink)

        self._handles.append(module.register_forward_hook(look))

    def measure(
        self, parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Every per-layer quantity but the update's, each (K, L) in float64.

        Args:
            parameters: Stacked parameters before the update.
            gradients: Their unclipped gradients.
        """
        rows = [
            self._measure_layer(layer, parameters[layer.weight], gradients[layer.weight])
            for layer in self._layers
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
