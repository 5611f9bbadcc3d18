"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer
from study.engine.observing.collector import Sink
from study.engine.observing.measuring import Row, Shown, measured
from study.engine.observing.sizes import Sizes


class Observation:
    """What one step shows of each layer, and the quantities computed from it.

    Args:
        layers: The layers to measure, L of them.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self._deltas = {
            layer.name: Sink(of_delta, calls=layer.calls, units_last=False) for layer in layers
        }
        self._preactivations = {layer.name: Sizes(quantities.PREACTIVATION) for layer in layers}
        self._activations = {
            layer.name: Sink(
                OfActivation(name=layer.activation_name),
                calls=layer.calls,
                units_last=layer.units_last,
            )
            for layer in layers
        }

    def delta(self, layer: str) -> Sink:
        """Takes a layer's delta, the loss gradient by its output."""
        return self._deltas[layer]

    def preactivation(self, layer: str) -> Sizes:
        """Takes a layer's output, before anything overwrites it."""
        return self._preactivations[layer]

    def activation(self, layer: str) -> Sink:
        """Takes the output of the activation behind a layer."""
        return self._activations[layer]

    def measure(
        self, parameter: Callable[[str], Tensor], gradient: Callable[[str], Tensor]
    ) -> dict[str, Tensor]:
        """Computes every per-layer quantity but the update's, each (K, L) in float64.

        Args:
            parameter: A parameter of all trials before the update by its name, (K, ...).
            gradient: The unclipped gradient of a parameter by its name, (K, ...).
        """
        weights = measured(
            [
                Shown(tensors=(parameter(layer.weight), gradient(layer.weight)), measure=of_weight)
                for layer in self.layers
            ]
        )
        trials = len(weights[0]["nonfinite_count"])
        sizes = [self._preactivations[layer.name].row(trials) for layer in self.layers]
        deltas = _rows([self._deltas[layer.name] for layer in self.layers], trials)
        activations = _rows([self._activations[layer.name] for layer in self.layers], trials)
        by_source = zip(weights, deltas, activations, sizes, strict=True)
        merged = [_merged(*rows) for rows in by_source]
        for layer, row in zip(self.layers, merged, strict=True):
            if layer.frozen:
                # There is none: a zero would look like one that vanished.
                unmeasured = torch.full_like(row["weight_rms"], torch.nan)
                row |= dict.fromkeys(quantities.ON_WEIGHT_GRADIENT, unmeasured)
        return {column: _by_layer(merged, column) for column in dict.fromkeys(_columns(merged))}


def of_delta(tensors: Sequence[Tensor]) -> Row:
    """Measures delta and, where a layer was called repeatedly, some of its calls."""
    everything, *calls = tensors
    row = {name: compute(everything) for name, compute in quantities.ON_DELTA.items()}
    if calls:
        return row | {
            name: quantities.rms(call)
            for name, call in zip(quantities.OF_CALL, calls, strict=True)
        }
    # Where a layer is called once, that is its first call and its last one.
    unmeasured = torch.full_like(row["delta_rms"], torch.nan)
    ends = (0.0, 1.0)
    return row | {
        name: row["delta_rms"] if part in ends else unmeasured
        for name, part in quantities.OF_CALL.items()
    }


@dataclass(frozen=True, kw_only=True)
class OfActivation:
    """Of a layer's activations.

    Attributes:
        name: The activation's name in the catalogue, if it is known.
    """

    name: str | None

    def __call__(self, tensors: Sequence[Tensor]) -> Row:
        values = tensors[0]
        row = {name: compute(values) for name, compute in quantities.ON_ACTIVATION.items()}
        row["saturated_fraction"] = quantities.saturated_fraction(values, self.name)
        row["nonfinite_count"] = quantities.nonfinite_count(values)
        return row


def of_weight(tensors: Sequence[Tensor]) -> Row:
    """Measures a layer's weight and its gradient."""
    weight, gradient = tensors
    row = {name: compute(weight) for name, compute in quantities.ON_WEIGHT.items()}
    row |= {name: compute(gradient) for name, compute in quantities.ON_WEIGHT_GRADIENT.items()}
    row["nonfinite_count"] = quantities.nonfinite_count(gradient)
    return row


def _rows(sinks: Sequence[Sink], trials: int) -> list[Row]:
    """Gives the row of each sink, empty where nothing was shown to it."""
    rows = [sink.row(trials) for sink in sinks]
    kept = [sink.shown(trials) for sink in sinks]
    # What was measured when it came has its row; the tensors that were kept are measured together.
    waiting = {
        index: shown
        for index, shown in enumerate(kept)
        if rows[index] is None and shown is not None
    }
    for index, row in zip(waiting, measured(list(waiting.values())), strict=True):
        rows[index] = row
    return [row or {} for row in rows]


def _merged(weight: Row, delta: Row, activation: Row, size: Row) -> Row:
    row = {**activation, **size, **delta, **weight}
    if activation:
        row["nonfinite_count"] = weight["nonfinite_count"] + activation["nonfinite_count"]
    return row


def _columns(rows: Sequence[Row]) -> list[str]:
    measured_of_some = [name for row in rows for name in row]
    sizes = [quantities.PREACTIVATION + end for end in ("", "_first_call", "_last_call")]
    of_outputs = (*sizes, *quantities.ON_ACTIVATION, "saturated_fraction")
    return [*measured_of_some, *quantities.ON_DELTA, *quantities.OF_CALL, *of_outputs]


def _by_layer(rows: Sequence[Row], column: str) -> Tensor:
    """(K, L); NaN where a layer has no such figure."""
    unmeasured = torch.full_like(rows[0]["nonfinite_count"], torch.nan)
    return torch.stack([row.get(column, unmeasured) for row in rows], dim=1)
