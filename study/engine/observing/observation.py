"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer
from study.engine.observing.collector import Sink
from study.engine.observing.measuring import Row, measured
from study.engine.observing.sizes import Sizes
from study.engine.observing.weights import Weights


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

    def measure(self, weights: Weights) -> dict[str, Tensor]:
        """Computes every per-layer quantity but the update's, each (K, L) in float64."""
        trials = weights.norms_LxK.shape[1]
        sizes = [self._preactivations[layer.name].row(trials) for layer in self.layers]
        deltas = _rows([self._deltas[layer.name] for layer in self.layers], trials)
        activations = _rows([self._activations[layer.name] for layer in self.layers], trials)
        by_source = zip(activations, sizes, deltas, strict=True)
        shown = [{**activation, **size, **delta} for activation, size, delta in by_source]
        figures = {column: _by_layer(shown, column, trials) for column in _columns(shown)}
        of_weights = weights.measured(self.layers)
        broken = figures["nonfinite_count"].nan_to_num() + of_weights["nonfinite_count"]
        return {**figures, **of_weights, "nonfinite_count": broken}


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


def _columns(rows: Sequence[Row]) -> list[str]:
    """Figures of some layer, and those that no layer may have."""
    measured_of_some = [name for row in rows for name in row]
    sizes = [quantities.PREACTIVATION + end for end in ("", "_first_call", "_last_call")]
    of_outputs = (*sizes, *quantities.ON_ACTIVATION, "saturated_fraction", "nonfinite_count")
    of_deltas = (*quantities.ON_DELTA, *quantities.OF_CALL)
    return list(dict.fromkeys([*measured_of_some, *of_deltas, *of_outputs]))


def _by_layer(rows: Sequence[Row], column: str, trials: int) -> Tensor:
    """(K, L); NaN where a layer has no such figure."""
    device = next((value.device for row in rows for value in row.values()), None)
    absent = torch.full((trials,), torch.nan, dtype=torch.float64, device=device)
    return torch.stack([row.get(column, absent) for row in rows], dim=1)
