"""A Keras model as hooks see it while Keras' own `fit` trains it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from study.adapters.keras.library import keras_library
from study.adapters.keras.network import LayerStandIn
from study.adapters.keras.plan import sites_of
from study.adapters.keras.sites import Site, Watch, shown
from study.adapters.keras.variables import Slot, layers_of, slots_of
from study.engine.activations import ActivationStandIn
from study.engine.networks.random_state import seeded


class WatchedModel(nn.Module):
    """Has a Keras model's own parameters, as Keras lays them out, and shows hooks its layers.

    Called in the model's place, it calls the model. Parameters that Keras does not train are
    among them, so that they can be named.

    Args:
        model: Built, on the torch backend.
        call: The model's own.
        args: What it is called with the first time.
        kwargs: The same, by name.
    """

    def __init__(
        self,
        model: Any,
        call: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self._call = call
        slots, self._sites = _looked_at(model, call, args, kwargs)
        for slot in slots:
            self._add(slot)
        for site in self._sites:
            if site.activation is not None and site.activation_name is not None:
                owner, _, leaf = site.activation.rpartition(".")
                stand_in = ActivationStandIn(site.activation_name)
                self.get_submodule(owner).add_module(leaf, stand_in)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        # Without gradients nobody trains: then nothing that layers count moves on.
        training = torch.is_grad_enabled()
        with nullcontext() if training else keras_library().StatelessScope():
            return self._call(*args, **kwargs)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows hooks what passes the layers of the model in the block."""
        with shown(self._sites, self):
            yield

    def _add(self, slot: Slot) -> None:
        if slot.child not in self._modules:
            self.add_module(slot.child, LayerStandIn())
        value = slot.variable.value
        if isinstance(value, nn.Parameter) and (slot.trained or slot.is_weight):
            self.get_submodule(slot.child).register_parameter(slot.leaf, value)


class StandInOptimizer(Optimizer):
    """Has a Keras optimizer's variables and settings, and torch's hooks around its updates.

    Args:
        optimizer: Keras'.
        variables: Those that it trains.
    """

    def __init__(self, optimizer: Any, variables: Sequence[Any]) -> None:
        super().__init__([each.value for each in variables], _settings(optimizer))
        self._optimizer = optimizer
        self._clips = any(
            getattr(optimizer, name, None) for name in ("clipnorm", "global_clipnorm", "clipvalue")
        )
        self._update: Callable[[], None] = lambda: None

    def around(self, update: Callable[[], None]) -> None:
        """Makes an update of the Keras optimizer, within hooks."""
        self._update = update
        for group in self.param_groups:
            group["lr"] = float(self._optimizer.learning_rate)
        self.step()

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        self._update()
        if self._clips:
            self._leave_clipped()

    def _leave_clipped(self) -> None:
        """Keras clips what it is given and leaves gradients as they were; torch's loops do not."""
        with_gradient = [
            value
            for group in self.param_groups
            for value in group["params"]
            if value.grad is not None
        ]
        clipped = self._optimizer._clip_gradients([value.grad for value in with_gradient])
        for value, gradient in zip(with_gradient, clipped, strict=True):
            value.grad = gradient.detach()


def stand_in_of(optimizer: Any, variables: Sequence[Any]) -> StandInOptimizer:
    """Makes what stands for a Keras optimizer, with its name."""
    named = type(type(optimizer).__name__, (StandInOptimizer,), {})
    made: StandInOptimizer = named(optimizer, variables)
    return made


def _settings(optimizer: Any) -> dict[str, Any]:
    """Its hyperparameters as torch's optimizers call them."""
    names = {"weight_decay": "weight_decay", "momentum": "momentum", "eps": "epsilon"}
    found = {
        name: float(value)
        for name, theirs in names.items()
        if isinstance(value := getattr(optimizer, theirs, None), (int, float))
    }
    betas = [getattr(optimizer, name, None) for name in ("beta_1", "beta_2")]
    known = {} if None in betas else {"betas": tuple(betas)}
    return {"lr": float(optimizer.learning_rate), **found, **known}


def _looked_at(
    model: Any, call: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Slot], tuple[Site, ...]]:
    """Where a model's weights are and what its layers show, by a pass that leaves no trace."""
    watch = Watch()
    scope = keras_library().StatelessScope(collect_losses=True)
    for variable in model.variables:
        scope.add_update((variable, variable.value))
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    unmoved = torch.random.fork_rng(devices=devices)
    with unmoved, seeded(0), torch.no_grad(), scope, watch.watching(layers_of(model)):
        call(*args, **kwargs)
    slots = [
        dataclasses.replace(slot, trained=slot.trained or slot.is_weight)
        for slot in slots_of(model, {id(layer) for layer in watch.order})
    ]
    return slots, tuple(sites_of(watch, slots))
