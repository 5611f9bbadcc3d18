"""Per-layer quantities of one recorded step of a cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.engine.layers import Layer

MEASURED_TOGETHER = 2**18
"""Numbers in a tensor that are measured at once on a CPU, 1 MB, which a core's cache holds: small
layers are joined up to this size, and large ones measured some trials at a time."""


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

    def values_KxB(self, trials: int) -> Tensor | None:
        """All outputs, calls joined along the batch axis; None if a trial made no call.

        Of trials that differ in their number of calls, the calls that all of them made.
        """
        return _calls_joined(_common(self._values, trials))

    def gradients_KxB(self, trials: int) -> Tensor | None:
        """The same of the gradients."""
        return _calls_joined(_common(self._gradients, trials))

    def ends_KxB(self, trials: int) -> tuple[Tensor, Tensor] | None:
        """Gradients by the outputs of the first and the last call; None with fewer than two.

        Of the calls that a gradient reaches: the loss may not depend on the last one.
        """
        calls = _common(self._gradients, trials)
        return None if len(calls) < 2 else (calls[0], calls[-1])


def _common(by_call: dict[int, list[Tensor]], trials: int) -> list[Tensor]:
    """What all trials have, call by call."""
    calls = [by_call[call] for call in sorted(by_call)]
    joined = [call[0] if len(call) == 1 else torch.cat(call) for call in calls]
    return [call for call in joined if len(call) == trials]


def _calls_joined(calls: list[Tensor]) -> Tensor | None:
    if len(calls) < 2:
        return calls[0] if calls else None
    return torch.cat(calls, dim=1)


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
        return {column: torch.cat([part[column] for part in parts], dim=1) for column in parts[0]}

    def _view(
        self, layer: Layer, parameter: Callable[[str], Tensor], gradient: Callable[[str], Tensor]
    ) -> _View:
        weight = parameter(layer.weight)
        trials = len(weight)
        activation_KxB = self._activations[layer.name].values_KxB(trials)
        if activation_KxB is not None and layer.units_last and activation_KxB.ndim > 3:
            activation_KxB = activation_KxB.flatten(1, -2)  # Time steps are further examples.
        preactivation = self._preactivations[layer.name]
        delta_KxB = preactivation.gradients_KxB(trials)
        if delta_KxB is None:
            delta_KxB = weight.new_full((trials, 1, 1), torch.nan)
        return _View(
            delta_KxB=delta_KxB,
            ends_KxB=preactivation.ends_KxB(trials),
            activation_KxB=activation_KxB,
            activation_name=layer.activation_name,
            weight=weight,
            gradient=gradient(layer.weight),
        )


@dataclass(frozen=True, kw_only=True)
class _View:
    """What one layer, or several alike joined along the trial axis, showed in one step."""

    delta_KxB: Tensor
    ends_KxB: tuple[Tensor, Tensor] | None
    activation_KxB: Tensor | None
    activation_name: str | None
    weight: Tensor
    gradient: Tensor

    @property
    def likeness(self) -> tuple[object, ...]:
        """What layers must agree in to be measured together."""
        call = self.delta_KxB if self.ends_KxB is None else self.ends_KxB[0]
        activation = None if self.activation_KxB is None else self.activation_KxB.shape
        shapes = self.delta_KxB.shape, call.shape, self.weight.shape, activation
        return *shapes, self.activation_name

    @property
    def size(self) -> int:
        """Numbers in its largest tensor."""
        return max(self.delta_KxB.numel(), self.weight.numel())

    def of(self, trials: slice) -> _View:
        """What some of the trials showed."""
        return _View(
            delta_KxB=self.delta_KxB[trials],
            ends_KxB=None if self.ends_KxB is None else _both(self.ends_KxB, trials),
            activation_KxB=None if self.activation_KxB is None else self.activation_KxB[trials],
            activation_name=self.activation_name,
            weight=self.weight[trials],
            gradient=self.gradient[trials],
        )


def _both(ends_KxB: tuple[Tensor, Tensor], trials: slice) -> tuple[Tensor, Tensor]:
    first, last = ends_KxB
    return first[trials], last[trials]


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
    at_once = max(1, MEASURED_TOGETHER * trials // view.size)
    if len(group) > 1 or at_once >= trials or view.weight.device.type != "cpu":
        return _measure_together(group)
    parts = [
        _measure_together([view.of(slice(start, start + at_once))])
        for start in range(0, trials, at_once)
    ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _measure_together(group: Sequence[_View]) -> dict[str, Tensor]:
    view = group[0]
    trials = len(view.weight)
    activations_KxB = None
    if view.activation_KxB is not None:
        activations_KxB = _joined([one.activation_KxB for one in group])
    ends_KxB = [one.ends_KxB for one in group if one.ends_KxB is not None]
    row = _quantities(
        delta_KxB=_joined([one.delta_KxB for one in group]),
        ends_KxB=[_joined(calls) for calls in zip(*ends_KxB, strict=True)],
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
    ends_KxB: Sequence[Tensor],
    activation_KxB: Tensor | None,
    activation_name: str | None,
    weight: Tensor,
    gradient: Tensor,
) -> dict[str, Tensor]:
    row = {name: compute(delta_KxB) for name, compute in quantities.ON_DELTA.items()}
    for name, place in quantities.OF_CALL.items():
        # Where a layer is called once there is nothing more to measure.
        row[name] = quantities.rms(ends_KxB[place]) if ends_KxB else row["delta_rms"]
    row |= {name: compute(weight) for name, compute in quantities.ON_WEIGHT.items()}
    row |= {name: compute(gradient) for name, compute in quantities.ON_WEIGHT_GRADIENT.items()}
    row["nonfinite_count"] = quantities.nonfinite_count(gradient)
    if activation_KxB is None:
        unmeasured = torch.full_like(row["weight_rms"], torch.nan)
        names = (*quantities.ON_ACTIVATION, "saturated_fraction")
        return row | dict.fromkeys(names, unmeasured)
    row |= {name: compute(activation_KxB) for name, compute in quantities.ON_ACTIVATION.items()}
    row["saturated_fraction"] = quantities.saturated_fraction(activation_KxB, activation_name)
    row["nonfinite_count"] = row["nonfinite_count"] + quantities.nonfinite_count(activation_KxB)
    return row
