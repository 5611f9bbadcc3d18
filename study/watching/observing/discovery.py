"""The layers of a module, found in the first pass that its owner makes with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from study.engine.activations import activation_name
from study.engine.layers import CHANNELS_SECOND, Layer, weight_matrix


@dataclass(frozen=True, kw_only=True)
class Part:
    """A module that shows something: a layer, or an activation function.

    Attributes:
        name: Inside the watched module.
        module: The module.
        weight: Name of its weight matrix; None of an activation.
        activation: The function's name in the catalogue; None of a layer.
        units_last: Whether its outputs are (B, ..., units); those of convolutions are not.
    """

    name: str
    module: nn.Module
    weight: str | None
    activation: str | None
    units_last: bool


def parts_of(module: nn.Module) -> dict[nn.Module, Part]:
    """Lists everything in a module that may show something, in its own order."""
    parts: dict[nn.Module, Part] = {}
    names = {id(value): name for name, value in module.named_parameters()}
    for name, child in module.named_modules():
        weight = weight_matrix(child)
        if weight is not None and id(weight) in names:
            parts[child] = Part(
                name=name or type(child).__name__,
                module=child,
                weight=names[id(weight)],
                activation=None,
                units_last=not isinstance(child, CHANNELS_SECOND),
            )
        elif (activation := activation_name(child)) is not None:
            parts[child] = Part(
                name=name, module=child, weight=None, activation=activation, units_last=True
            )
    return parts


class Order:
    """Notes in which order parts are called, and which activation follows which layer."""

    def __init__(self) -> None:
        self.layers: list[Part] = []
        self.activations: dict[str, Part] = {}
        self.before: dict[str, str] = {}
        self._last: Part | None = None

    def called(self, part: Part) -> None:
        """Takes a call."""
        if part.weight is None:
            if self._last is not None and self._last.name not in self.activations:
                self.activations[self._last.name] = part
            return
        if part not in self.layers:
            if self._last is not None:
                self.before[part.name] = self._last.name
            self.layers.append(part)
        self._last = part

    def found(self, calls: Mapping[str, int], in_time: Collection[str]) -> tuple[Layer, ...]:
        """Returns the layers, numbered in the order of their first call.

        Args:
            calls: How often each was called in one pass.
            in_time: Those of them that are called once a time step.
        """
        layers = []
        for number, part in enumerate(self.layers, start=1):
            behind = self.activations.get(part.name)
            layers.append(
                Layer(
                    number=number,
                    name=part.name,
                    role="output" if number == len(self.layers) else "hidden",
                    activation=None if behind is None else behind.name,
                    activation_name=None if behind is None else behind.activation,
                    weight=str(part.weight),
                    positions=1,
                    calls=calls.get(part.name, 1) if part.name in in_time else 1,
                    units_last=part.units_last,
                    in_time=part.name in in_time,
                )
            )
        return tuple(layers)


def time_steps(module: nn.Module, calls: int, given: list[Tensor]) -> bool:
    """Returns whether a module is called once a time step.

    A module that is called repeatedly may as well be one that a network shares among its layers:
    what is called as often as its inputs have time steps, or is a cell, passes time.

    Args:
        module: The one that is called.
        calls: How often in one pass.
        given: What the whole network was given.
    """
    if calls < 2:
        return False
    if isinstance(module, nn.RNNCellBase):
        return True
    return calls > 2 and any(calls in tensor.shape[:2] for tensor in given if tensor.ndim >= 2)


def unseen_layers(module: nn.Module) -> tuple[Layer, ...]:
    """Returns the layers of a module whose calls cannot be seen, in the order of its parts."""
    order = Order()
    for part in parts_of(module).values():
        if part.weight is not None:
            order.called(part)
    return order.found({}, ())


def numbered(layers: Iterable[tuple[str, Layer]]) -> tuple[Layer, ...]:
    """Numbers the layers of several modules through; the last one is the output.

    Args:
        layers: Each with the prefix of its module's names.
    """
    listed = list(layers)
    return tuple(
        dataclasses.replace(
            layer,
            number=number,
            name=prefix + layer.name,
            weight=prefix + layer.weight,
            role="output" if number == len(listed) else "hidden",
        )
        for number, (prefix, layer) in enumerate(listed, start=1)
    )
