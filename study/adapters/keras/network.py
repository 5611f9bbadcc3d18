"""A Keras model as a torch module."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from study.adapters.keras.layouts import AnyLayout
from study.adapters.keras.library import keras_library, plain_errors
from study.adapters.keras.plan import make_plan
from study.adapters.keras.sites import shown
from study.adapters.keras.traced import Traced, is_hooked
from study.adapters.keras.variables import Slot
from study.engine.activations import ActivationStandIn
from study.engine.networks.random_state import seeded
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

_SEEDS = 2**31
"""States of Keras' random generators are drawn below it."""


class LayerStandIn(nn.Module):
    """Has a Keras layer's parameters, and shows hooks its output."""

    def forward(self, output: Any) -> Any:
        return output


class TableStandIn(nn.Embedding):
    """The same of a Keras Embedding, which is no map from inputs to outputs either.

    Args:
        weight: (tokens, features).
    """

    def __init__(self, weight: Tensor) -> None:
        tokens, features = weight.shape
        super().__init__(tokens, features, _weight=weight)

    def forward(self, output: Any) -> Any:
        return output


class KerasNetwork(nn.Module):
    """A pure function of its parameters, computed by a Keras model in training mode.

    Parameters are called as in torch (`dense.weight`, `dense_1.bias`) and laid out as in torch:
    outputs first. Hooks see each weighted layer's pre-activation where the layer's activation is
    the last thing that it does, else its output (`sites`).

    Nothing is kept from call to call but what the model itself reads again: batch normalization
    uses the batch and forgets its running statistics; a layer's own counters are buffers.
    Random layers (Dropout) get their seeds from torch's generator, so that each trial has its
    own stream. Variables that Keras does not train are constants, each trial's own.

    Args:
        model: A Keras model on the torch backend; it belongs to this network from now on.
        task: Gives inputs to try it on.

    Raises:
        ValueError: If the model fails on them, or asks for what only Keras' own training gives.
    """

    def __init__(self, model: Any, task: Task) -> None:
        super().__init__()
        plan = make_plan(model, task)
        self._plan = plan
        pure = not (plan.seeds or plan.draws_globally or plan.carried)
        self._traced = Traced(plan.model, pure=pure)
        self.weight_roles: dict[str, WeightRole] = {}
        for slot in plan.slots:
            self._add(slot)
            if slot.role is not None:
                self.weight_roles[f"{slot.child}.{slot.leaf}"] = slot.role
        for site in plan.sites:
            if site.activation is not None and site.activation_name is not None:
                owner, _, leaf = site.activation.rpartition(".")
                stand_in = ActivationStandIn(site.activation_name)
                self.get_submodule(owner).add_module(leaf, stand_in)

    def forward(self, inputs: Tensor) -> Any:
        children = dict(self.named_children())
        values = [getattr(children[slot.child], slot.leaf) for slot in self._plan.slots]
        if is_hooked(self):
            return self._computed(values, inputs)
        return self._traced.run(self._computed, values, inputs)

    def _computed(self, values: Sequence[Tensor], inputs: Tensor) -> Any:
        """Computes the outputs by Keras, and shows hooks what passes."""
        plan = self._plan
        scope = keras_library().StatelessScope()
        for slot, value in zip(plan.slots, values, strict=True):
            scope.add_update((slot.variable, slot.orientation.to_keras(value)))
        device = values[0].device
        for seed in plan.seeds:
            scope.add_update((seed, torch.randint(_SEEDS, (2,)).to(device)))
        noise = seeded(int(torch.randint(_SEEDS, ()))) if plan.draws_globally else nullcontext()
        device_scope = keras_library().device(str(device))
        with device_scope, scope, shown(plan.sites, self), noise, plain_errors(), AnyLayout():
            output = plan.model(inputs, training=True)
        for slot in plan.carried:
            changed = slot.orientation.to_torch(scope.get_current_value(slot.variable))
            getattr(self.get_submodule(slot.child), slot.leaf).copy_(changed.detach())
        return output

    def _add(self, slot: Slot) -> None:
        value = slot.orientation.to_torch(slot.variable.value.detach().cpu()).clone()
        if slot.child not in self._modules:
            stand_in = TableStandIn(value) if slot.is_table else LayerStandIn()
            self.add_module(slot.child, stand_in)
        child = self.get_submodule(slot.child)
        if slot.trained:
            child.register_parameter(slot.leaf, nn.Parameter(value))
        else:
            child._parameters.pop(slot.leaf, None)  # A table's, which Keras does not train.
            child.register_buffer(slot.leaf, value)
