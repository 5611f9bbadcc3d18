"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer

MEASURED_TOGETHER = 2**20
"""Numbers in a tensor up to which layers are joined to be measured at once (4 MB)."""


class Sink:
    """Collects one module's outputs and the loss gradients by them, with the trial axis first.

    A module called T times in one pass (a recurrent map, once a time step) leaves T tensors.
    Where trials run one after another, each leaves its own, in the order of the trials.
    """

    def __init__(self) -> None:
        self._values: dict[int, list[Tensor]] = {}
        self._gradients: dict[int, list[Tensor]] = {}

    def add_value(self, value_KxB: Tensor, call: int = 0) -> None:
        """Take the output of a call, (K, B, ...)."""
        self._values.setdefault(call, []).append(value_KxB)

    def add_gradient(self, gradient_KxB: Tensor, call: int = 0) -> None:
        """Take the gradient by the output of a call, (K, B, ...)."""
        self._gradients.setdefault(call, []).append(gradient_KxB)

    @property
    def calls(self) -> int:
        """How often the module was called in one pass."""
        return max(len(self._values), len(self._gradients))

    @property
    def values_KxB(self) -> Tensor:
        """All outputs, calls joined along the batch axis."""
        return _calls_joined(self._values)

    @property
    def gradients_KxB(self) -> Tensor:
        """All gradients, calls joined along the batch axis."""
        return _calls_joined(self._gradients)

    def gradient_of_call_KxB(self, call: int) -> Tensor:
        """The gradient by one call's output; -1 is the last call."""
        return _trials_joined(self._gradients[range(self.calls)[call]])


def _calls_joined(by_call: dict[int, list[Tensor]]) -> Tensor:
    tensors = [_trials_joined(by_call[call]) for call in sorted(by_call)]
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim=1)


def _trials_joined(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors)


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
        views = [self._view(layer, parameter, gradient) for layer in self.layers]
        parts = [_measure(group) for group in _groups(views)]
        return {
            column: torch.cat([part[column] for part in parts], dim=1)
            for column in quantities.LAYER_COLUMNS
        }

    def _view(
        self, layer: Layer, parameter: Callable[[str], Tensor], gradient: Callable[[str], Tensor]
    ) -> _View:
        known = layer.activation is not None
        return _View(
            delta_KxB=self._preactivations[layer.name].gradients_KxB,
            activation_KxB=self._activations[layer.name].values_KxB if known else None,
            activation_name=layer.activation_name,
            weight=parameter(layer.weight),
            gradient=gradient(layer.weight),
        )


@dataclass(frozen=True, kw_only=True)
class _View:
    """What one layer, or several alike joined along the trial axis, showed in one step."""

    delta_KxB: Tensor
    activation_KxB: Tensor | None
    activation_name: str | None
    weight: Tensor
    gradient: Tensor

    @property
    def likeness(self) -> tuple[object, ...]:
        """What layers must agree in to be measured together."""
        return self.delta_KxB.shape, self.weight.shape, self.activation_name

    @property
    def size(self) -> int:
        """Numbers in its largest tensor."""
        return max(self.delta_KxB.numel(), self.weight.numel())


def _groups(views: Sequence[_View]) -> list[list[_View]]:
    """Neighbouring layers that are alike, together while they are small.

    The layers of a deep, narrow network cost more to ask one by one than to measure.
    """
    groups: list[list[_View]] = []
    for view in views:
        alike = bool(groups) and groups[-1][0].likeness == view.likeness
        if alike and (len(groups[-1]) + 1) * view.size <= MEASURED_TOGETHER:
            groups[-1].append(view)
        else:
            groups.append([view])
    return groups


def _measure(group: Sequence[_View]) -> dict[str, Tensor]:
    """The quantities of some layers, each (K, layers of the group)."""
    view = group[0]
    trials = len(view.weight)
    activations_KxB = None
    if view.activation_KxB is not None:
        activations_KxB = _joined([one.activation_KxB for one in group])
    row = _quantities(
        delta_KxB=_joined([one.delta_KxB for one in group]),
        activation_KxB=activations_KxB,
        activation_name=view.activation_name,
        weight=_joined([one.weight for one in group]),
        gradient=_joined([one.gradient for one in group]),
    )
    return {name: values.double().view(-1, trials).T for name, values in row.items()}


def _joined(tensors: Sequence[Tensor | None]) -> Tensor:
    known = [one for one in tensors if one is not None]
    return known[0] if len(known) == 1 else torch.cat(known)


def _quantities(
    *,
    delta_KxB: Tensor,
    activation_KxB: Tensor | None,
    activation_name: str | None,
    weight: Tensor,
    gradient: Tensor,
) -> dict[str, Tensor]:
    row = {name: compute(delta_KxB) for name, compute in quantities.ON_DELTA.items()}
    row |= {name: compute(weight) for name, compute in quantities.ON_WEIGHT.items()}
    row |= {name: compute(gradient) for name, compute in quantities.ON_WEIGHT_GRADIENT.items()}
    row["nonfinite_count"] = quantities.nonfinite_count(gradient)
    if activation_KxB is None:
        unmeasured = torch.full_like(row["weight_rms"], torch.nan)
        return row | dict.fromkeys(quantities.ACTIVATION_COLUMNS, unmeasured)
    row |= {name: compute(activation_KxB) for name, compute in quantities.ON_ACTIVATION.items()}
    row["saturated_fraction"] = quantities.saturated_fraction(activation_KxB, activation_name)
    row["nonfinite_count"] = row["nonfinite_count"] + quantities.nonfinite_count(activation_KxB)
    return row
