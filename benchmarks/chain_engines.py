"""A cohort of MLPs trained by what else trains many networks at once: torch.func and JAX.

Each trains the same trials as `train_cohort` does (SGD with momentum, clipping by norm, the same
initial weights and batches) and measures nothing. JAX is a package of this benchmark alone:

    python -m pip install jax
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from study.engine import NETWORKS, Task
from study.engine.cohort.batches import BatchOrder
from study.engine.initializations import initialize
from study.engine.seeds import initialization_generator
from study.trial import Trial

MOMENTUM = 0.9

Train = Callable[[], Any]
"""Trains the cohort and returns the losses by step and trial, (S, K)."""


@dataclass(frozen=True, kw_only=True)
class Chains:
    """K trials of one shape, S steps of B examples.

    Attributes:
        parameters: Weight (K, O, F) and bias (K, O) of each layer in turn.
        rows: Examples of each step, (S, K, B).
        rates: Learning rates, (K,).
        limits: Norms at which gradients are clipped, infinite where they are not, (K,).
        activation: relu or tanh.
    """

    parameters: list[Tensor]
    inputs: Tensor
    targets: Tensor
    rows: Tensor
    rates: Tensor
    limits: Tensor
    activation: str


def chains(trials: Sequence[Trial], task: Task, steps: int) -> Chains:
    """Draws what the engine draws for these trials."""
    values = [trial.hyperparameters for trial in trials]
    starts = []
    for trial in trials:
        network = NETWORKS["mlp"](trial.hyperparameters, task)
        start = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
        starts.append([start[name].squeeze(0) for name, _ in network.named_parameters()])
    seeds = [trial.seed for trial in trials]
    order = BatchOrder(
        seeds,
        examples=task.examples,
        batch_size=values[0]["batch_size"],
        device=torch.device("cpu"),
    )
    limits = [float("inf") if own["clip_norm"] == "none" else own["clip_norm"] for own in values]
    return Chains(
        parameters=[torch.stack(some).float() for some in zip(*starts, strict=True)],
        inputs=task.inputs.flatten(1).float(),
        targets=task.targets,
        rows=torch.stack([order.batch(step).clone() for step in range(steps)]),
        rates=torch.tensor([own["learning_rate"] for own in values]),
        limits=torch.tensor(limits),
        activation=values[0]["activation"],
    )


def torch_func(own: Chains, *, compiled: bool) -> Train:
    """vmap over grad; with `compiled` a step goes through torch.compile."""
    activate = getattr(torch, own.activation)

    def loss_of(parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        last = len(parameters) - 2
        for at in range(0, len(parameters), 2):
            x = torch.nn.functional.linear(x, parameters[at], parameters[at + 1])
            x = x if at == last else activate(x)
        return torch.nn.functional.cross_entropy(x, y)

    gradients = vmap(grad_and_value(loss_of))

    def step(parameters: list[Tensor], momenta: list[Tensor], rows: Tensor) -> tuple[Any, ...]:
        found, loss = gradients(parameters, own.inputs[rows], own.targets[rows])
        norm = torch.stack([g.flatten(1).square().sum(1) for g in found]).sum(0).sqrt()
        scale = (own.limits / (norm + 1e-6)).clamp(max=1.0)
        momenta = [
            MOMENTUM * m + g * _shaped(scale, g) for m, g in zip(momenta, found, strict=True)
        ]
        moved = [p - _shaped(own.rates, p) * m for p, m in zip(parameters, momenta, strict=True)]
        return moved, momenta, loss

    one_step = torch.compile(step) if compiled else step

    def train() -> Tensor:
        parameters = [p.clone() for p in own.parameters]
        momenta = [torch.zeros_like(p) for p in parameters]
        losses = []
        for rows in own.rows:
            parameters, momenta, loss = one_step(parameters, momenta, rows)
            losses.append(loss)
        return torch.stack(losses)

    return train


def jax_scan(own: Chains) -> Train:
    """jit over scan over vmap over grad."""
    import jax
    from jax import numpy as jnp

    activate = jax.nn.relu if own.activation == "relu" else jnp.tanh
    inputs, targets = jnp.asarray(own.inputs.numpy()), jnp.asarray(own.targets.numpy())
    rates, limits = jnp.asarray(own.rates.numpy()), jnp.asarray(own.limits.numpy())

    def loss_of(parameters: list[Any], x: Any, y: Any) -> Any:
        last = len(parameters) - 2
        for at in range(0, len(parameters), 2):
            x = x @ parameters[at].T + parameters[at + 1]
            x = x if at == last else activate(x)
        return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1).mean()

    def one(parameters: Any, momenta: Any, rows: Any, rate: Any, limit: Any) -> tuple[Any, ...]:
        loss, found = jax.value_and_grad(loss_of)(parameters, inputs[rows], targets[rows])
        norm = jnp.sqrt(sum((g**2).sum() for g in found))
        scale = jnp.minimum(1.0, limit / (norm + 1e-6))
        momenta = [MOMENTUM * m + scale * g for m, g in zip(momenta, found, strict=True)]
        moved = [p - rate * m for p, m in zip(parameters, momenta, strict=True)]
        return moved, momenta, loss

    def step(state: Any, rows: Any) -> tuple[Any, Any]:
        parameters, momenta, loss = jax.vmap(one)(*state, rows, rates, limits)
        return (parameters, momenta), loss

    @jax.jit
    def whole(parameters: Any, rows: Any) -> Any:
        momenta = [jnp.zeros_like(p) for p in parameters]
        return jax.lax.scan(step, (parameters, momenta), rows)[1]

    start = [jnp.asarray(p.numpy()) for p in own.parameters]
    rows = jnp.asarray(own.rows.numpy())
    return lambda: torch.from_numpy(np.array(whole(start, rows)))


def has_jax() -> bool:
    """Whether JAX is installed."""
    return importlib.util.find_spec("jax") is not None


def engines(own: Chains) -> Mapping[str, Train]:
    """Everything that is installed, by the column's name."""
    found = {
        "torch.func": torch_func(own, compiled=False),
        "torch.func compiled": torch_func(own, compiled=True),
    }
    return {**found, "JAX": jax_scan(own)} if has_jax() else found


def _shaped(values_K: Tensor, like: Tensor) -> Tensor:
    return values_K.view(-1, *[1] * (like.ndim - 1))
