"""What a Keras model is made of, found by calling it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from study.adapters.keras.library import keras_library, plain_errors
from study.adapters.keras.sites import Site, Watch, activation_of
from study.adapters.keras.variables import (
    Slot,
    is_statistic,
    layers_of,
    names_of,
    seeds_of,
    slots_of,
)
from study.engine.networks.random_state import position
from study.engine.tasks.task import Task

EXAMPLES = 2
"""Number of the task's examples on which a model is tried."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Attributes:
    model: Keras'; its own variables are not used again.
    slots: Where the network keeps the variables' values.
    carried: The buffers that a pass changes, for the next pass to read.
    seeds: States of the random generators that a pass draws from.
    draws_globally: Whether a pass draws from generators outside of the model.
    sites: What hooks are shown.
    """

    model: Any
    slots: tuple[Slot, ...]
    carried: tuple[Slot, ...]
    seeds: tuple[Any, ...]
    draws_globally: bool
    sites: tuple[Site, ...]

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        """Copies of a network share the model, which keeps nothing from call to call."""
        return self


def make_plan(model: Any, task: Task) -> Plan:
    """Builds the model if it is not, and watches one pass.

    Raises:
        ValueError: If the model fails on the task's inputs, or asks for what only Keras' own
            training gives it.
    """
    keras = keras_library()
    inputs = _examples(task)
    _build(model, inputs, task)
    _check(model)
    # One pass in a scope that notes what it changes and that leaves the model's variables alone.
    layers, watch = layers_of(model), Watch()
    scope = keras.StatelessScope(collect_losses=True)
    before = {id(variable): variable.value for variable in model.variables}
    for variable in model.variables:
        scope.add_update((variable, before[id(variable)]))
    with torch.no_grad(), scope, watch.watching(layers):
        start = position()
        model(inputs, training=True)
        draws_globally = position() != start
    if scope.losses:
        raise ValueError(
            "the loss of a network is its task's, but a layer of the Keras model adds a loss of "
            "its own (add_loss or an activity_regularizer)"
        )
    # Variables with a new value are a layer's own counters (`carried`) or generators (`seeds`).
    changed = {
        key for key, value in before.items() if scope.state_mapping.get(key, value) is not value
    }
    slots = slots_of(model, {id(layer) for layer in watch.order})
    if not slots:
        raise ValueError("a network must have parameters, but the Keras model has none")
    return Plan(
        model=model,
        slots=slots,
        carried=tuple(
            slot for slot in slots if id(slot.variable) in changed and not is_statistic(slot)
        ),
        seeds=tuple(seed for seed in seeds_of(model) if id(seed) in changed),
        draws_globally=draws_globally,
        sites=tuple(sites_of(watch, slots)),
    )


def _build(model: Any, inputs: Tensor, task: Task) -> None:
    """Runs one pass, in which Keras makes the variables of layers that have none yet."""
    try:
        # In a scope that forgets: building must not move running statistics and counters on.
        with torch.no_grad(), plain_errors(), keras_library().StatelessScope():
            model(inputs, training=True)
    except Exception as error:
        raise ValueError(
            f"the Keras model failed on inputs of shape {tuple(inputs.shape)} of task "
            f"{task.name}: {type(error).__name__}: {error}"
        ) from error


def _examples(task: Task) -> Tensor:
    inputs = task.inputs[:EXAMPLES]
    if inputs.is_floating_point():
        inputs = inputs.to(getattr(torch, keras_library().config.floatx()))
    return inputs


def _check(model: Any) -> None:
    """Raises:
    ValueError: If a part would silently not do what its author meant.
    """
    wrapper = keras_library().layers.TorchModuleWrapper
    for layer in layers_of(model):
        if isinstance(layer, wrapper):
            raise ValueError(
                f"a Keras model must have Keras layers only, but {layer.name} wraps a torch "
                f"{type(layer.module).__name__}; use Keras layers, or torch modules, throughout"
            )
    for variable in model.trainable_variables:
        for what, cure in (("regularizer", _decay_of(variable)), ("constraint", "clip_norm")):
            if getattr(variable, what) is not None:
                raise ValueError(
                    f"the loss and the updates of a network are the study's, but {variable.path} "
                    f"has a {what}; leave it out (the hyperparameter {cure} may serve)"
                )


def _decay_of(variable: Any) -> str:
    """The weight decay with the gradient of a variable's L2 regularizer, l2 * sum(w^2)."""
    regularizer = variable.regularizer
    if type(regularizer) is not keras_library().regularizers.L2:
        return "weight_decay"
    return (
        f"weight_decay: {2 * float(regularizer.l2):g}, whose gradient is the same for all weights,"
    )


def sites_of(watch: Watch, slots: Sequence[Slot]) -> list[Site]:
    """Returns what hooks are shown, in the order of the calls that `watch` noted."""
    weighted = {id(slot.layer): slot.child for slot in slots if slot.trained and slot.is_weight}
    taken = {slot.child for slot in slots}
    bare = [layer for layer in watch.order if id(layer) not in weighted]
    names = {id(layer): name for layer, name in names_of(bare, taken)}
    sites, channels = [], -1
    for layer in watch.order:
        child = weighted.get(id(layer))
        inside = watch.ends_with_activation(layer)
        known = activation_of(layer, inside=inside)
        if child is not None:
            channels = 1 if getattr(layer, "data_format", None) == "channels_first" else -1
        elif known is None:
            continue
        activation = None
        if known is not None:
            activation = names[id(layer)] if child is None else f"{child}.activation"
        sites.append(
            Site(
                layer=layer,
                child=child,
                activation=activation,
                activation_name=known,
                inside=inside,
                channels=channels,
            )
        )
    return sites
