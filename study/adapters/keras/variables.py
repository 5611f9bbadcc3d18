"""The variables of a Keras model, and where they are in a torch module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from study.adapters.keras.library import keras_library
from study.adapters.keras.orientation import Orientation, unchanged, weight_orientation
from study.engine.weight_roles import WeightRole

_SHORT = {"w": "weight", "b": "bias"}
"""Attributes of the layers in Keras' own guides, whose variables have no names."""

_STATISTICS = ("moving_mean", "moving_variance")
"""Batch normalization's running statistics: written in training, but not read."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A variable, and where it is kept.

    Attributes:
        variable: Keras'.
        layer: The called Keras layer that it belongs to.
        child: Name of that layer's stand-in.
        leaf: Name of the parameter or buffer in it.
        trained: Whether it is a parameter; else a buffer.
        is_weight: Whether it is a map of two or more axes, or a table.
        is_table: Whether it is an Embedding's.
        orientation: From one to the other.
        role: Its part in the network, if it is a weight that has a special one.
    """

    variable: Any
    layer: Any
    child: str
    leaf: str
    trained: bool
    is_weight: bool
    is_table: bool
    orientation: Orientation
    role: WeightRole | None


def layers_of(model: Any) -> list[Any]:
    """Returns the model and every layer inside, each before those that it contains."""
    layers: list[Any] = model._flatten_layers()
    return layers


def slots_of(model: Any, called: Collection[int]) -> tuple[Slot, ...]:
    """Makes slots for all variables but the seeds of random generators, in the model's order.

    Keras numbers the layers of a process; here they are numbered again in each model, so that
    every trial's parameters have the same names.

    Args:
        model: Built.
        called: Ids of the layers that a pass calls. The variables of others belong to the layer
            around them: Keras' LSTM, for example, takes its cell's without calling it.
    """
    # Outer layers come first, so the last one to claim a variable is the innermost: its owner, and
    # among the layers that are called the one whose name the variable gets.
    owners: dict[int, Any] = {}
    nearest: dict[int, Any] = {}
    for layer in layers_of(model):
        for variable in layer.weights:
            owners[id(variable)] = layer
            if id(layer) in called or layer is model:
                nearest[id(variable)] = layer
    trained = {id(variable) for variable in model.trainable_variables}
    children = _Names()
    leaves: dict[str, _Names] = {}
    slots = []
    for variable in model.weights:
        owner, layer = owners[id(variable)], nearest[id(variable)]
        child = children.of(layer, _layer_name(layer))
        leaf = leaves.setdefault(child, _Names()).of(variable, _leaf_name(owner, variable))
        shape = tuple(variable.shape)
        is_weight = "weight" in leaf and len(shape) > 1
        is_table = isinstance(owner, keras_library().layers.Embedding)
        slots.append(
            Slot(
                variable=variable,
                layer=layer,
                child=child,
                leaf=leaf,
                trained=id(variable) in trained,
                is_weight=is_weight,
                is_table=is_table,
                orientation=weight_orientation(owner, variable.name, shape)
                if is_weight and not is_table
                else unchanged(shape),
                role=_recurrent_role(owner, leaf) if is_weight else None,
            )
        )
    return tuple(slots)


def seeds_of(model: Any) -> list[Any]:
    """Returns the states of its random generators."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def is_statistic(slot: Slot) -> bool:
    """Returns whether this is a running statistic that training does not read."""
    layer = slot.layer
    normalization = isinstance(layer, keras_library().layers.BatchNormalization)
    return normalization and not layer.renorm and slot.leaf in _STATISTICS


def names_of(layers: Sequence[Any], taken: Collection[str]) -> Iterator[tuple[Any, str]]:
    """Returns names for layers that have no variables."""
    names = _Names(taken)
    for layer in layers:
        yield layer, names.of(layer, _layer_name(layer))


class _Names:
    """Gives each object a name of its own; the first of a name has it unchanged."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._taken = set(taken)
        self._names: dict[int, str] = {}

    def of(self, thing: Any, wanted: str) -> str:
        if id(thing) not in self._names:
            name, number = wanted, 0
            while name in self._taken:
                number += 1
                name = f"{wanted}_{number}"
            self._taken.add(name)
            self._names[id(thing)] = name
        return self._names[id(thing)]


def _layer_name(layer: Any) -> str:
    """Returns the layer's name, without the number that Keras gave it."""
    by_class = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    by_class = re.sub(r"([a-z])([A-Z])", r"\1_\2", by_class).lower()
    name = re.sub(r"[^0-9A-Za-z_]", "_", str(layer.name))
    return by_class if re.fullmatch(rf"{by_class}(_\d+)?", name) else name


def _leaf_name(owner: Any, variable: Any) -> str:
    """Returns a variable's name as torch would have it; kernels are weights."""
    name = str(variable.name)
    if re.fullmatch(r"variable(_\d+)?", name):
        held = (key for key, value in vars(owner).items() if value is variable)
        name = next(held, "variable")
        name = _SHORT.get(name.lower(), name)
    if isinstance(owner, keras_library().layers.Embedding) and name == "embeddings":
        return "weight"
    return re.sub(r"[^0-9A-Za-z_]", "_", name.replace("kernel", "weight"))


def _recurrent_role(owner: Any, leaf: str) -> WeightRole | None:
    """Of the gates of a recurrent cell, which Keras stacks along the outputs."""
    layers = keras_library().layers
    gates = {layers.SimpleRNNCell: 1, layers.GRUCell: 3, layers.LSTMCell: 4}.get(type(owner))
    if gates is None:
        return None
    if leaf.startswith("recurrent"):
        return WeightRole(blocks=gates, recurrent=True)
    # Input, forget, cell, output.
    return WeightRole(blocks=gates, forget_gate=1 if gates == 4 else None)
