"""Where a trial starts: its network's parameters, from its hyperparameters and its seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor, nn

from study.engine.initializations.distributions import INITIALIZATIONS, normal
from study.engine.initializations.recurrent import RECURRENT_INITIALIZATIONS, SAME
from study.engine.initializations.residual import RESIDUAL_INITIALIZATIONS
from study.engine.parametrizations import output_scale
from study.engine.weight_roles import WeightRole, bias_of, readouts, weight_roles

TORCH_DEFAULT = "torch_default"
"""Leaves every parameter as the network's author initialized it."""

OUTPUT_INITIALIZATIONS: Mapping[str, float] = {SAME: 1.0, "zeros": 0.0}
"""Factors on the readout's initial weights; its biases follow a zero."""

LEFT_ALONE = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm)
"""Modules whose weight may have two axes and yet is no map from inputs to outputs."""

_Choice = TypeVar("_Choice")


def is_drawn(module: nn.Module, hyperparameters: Mapping[str, Any]) -> bool:
    """Returns whether `initialize` draws every parameter, so that the module's do not matter."""
    if _name(hyperparameters) == TORCH_DEFAULT:
        return False
    weights = _weights(module)
    drawn = {*weights, *map(bias_of, weights)} - frozen_parameters(module)
    return all(name in drawn for name, _ in module.named_parameters())


def frozen_parameters(module: nn.Module) -> frozenset[str]:
    """Returns the names of parameters that are not to be trained (`requires_grad_(False)`)."""
    return frozenset(name for name, value in module.named_parameters() if not value.requires_grad)


def initialize(
    module: nn.Module, hyperparameters: Mapping[str, Any], generator: Generator
) -> dict[str, Tensor]:
    """Draws a trial's initial parameters, on the CPU, by parameter name; float32 or float64.

    Parameters of two or more axes called `weight`, or with that word in their name, follow
    `initialization`, block by block where their role has blocks; recurrent ones follow
    `recurrent_initialization`. They are multiplied by `init_gain`, recurrent ones by
    `recurrent_gain` too, the readout's by `output_init_gain` and
    as `parametrization` says, those of residual branches as
    `residual_initialization` says. Biases
    beside them are zero (drawn with `bias_std` under `mean_field`), plus `forget_bias` for a
    forget gate; so is the bias beside a weight that a residual initialization or
    `output_initialization` sets to zero. The readout is the last layer, if no role says which.

    Everything else stays as the module has it: frozen parameters, normalizations' scales and
    shifts, embeddings, tables of positions. Under `torch_default` so do weights and biases, but
    for the factors and summands above. A hyperparameter that is absent changes nothing.

    Numbers are drawn in a fixed order, so that a trial starts from the same weights in every
    dtype, cohort and device.

    Args:
        module: The trial's network as its author initialized it.
        hyperparameters: `initialization`, what it needs, and those named above.
        generator: Where all random numbers come from.

    Raises:
        ValueError: If a name is unknown, or a weight's rows are no multiple of its blocks.
    """
    roles = weight_roles(module)
    values = {key: value.detach() for key, value in module.named_parameters()}
    weights = _weights(module)
    last = readouts(module, weights)
    frozen = frozen_parameters(module)
    for key in weights:
        if key in frozen:
            continue
        role = roles.get(key, WeightRole())
        factor = _residual_factor(role, hyperparameters)
        if key in last:
            factor *= _output_factor(hyperparameters)
        weight = _drawn_weight(key, values[key], role, hyperparameters, generator)
        values[key] = weight.double() * (_gain(role, hyperparameters) * factor)
        bias = bias_of(key)
        if bias in values and bias not in frozen:
            values[bias] = _bias(values[bias], role, hyperparameters, generator)
            if factor == 0:
                values[bias] = torch.zeros_like(values[bias])
    return values


def _weights(module: nn.Module) -> list[str]:
    """Returns names of parameters that map inputs to outputs, in the module's order."""
    alone = {
        id(value)
        for child in module.modules()
        if isinstance(child, LEFT_ALONE)
        for value in child.parameters(recurse=False)
    }
    return [
        name
        for name, value in module.named_parameters()
        if value.ndim >= 2 and "weight" in name.rpartition(".")[2] and id(value) not in alone
    ]


def _drawn_weight(
    name: str,
    own: Tensor,
    role: WeightRole,
    hyperparameters: Mapping[str, Any],
    generator: Generator,
) -> Tensor:
    """Returns the weight before any factor, its blocks drawn one by one with their own fans."""
    kind = str(hyperparameters.get("recurrent_initialization", SAME)) if role.recurrent else SAME
    if kind == SAME and _name(hyperparameters) == TORCH_DEFAULT:
        return own
    if kind == SAME:
        draw = _chosen("initialization", INITIALIZATIONS, _name(hyperparameters))
    else:
        draw = _chosen("recurrent_initialization", RECURRENT_INITIALIZATIONS, kind)
    if len(own) % role.blocks:
        raise ValueError(
            f"the rows of a weight must be a multiple of its blocks, but {name} has "
            f"{len(own)} rows and {role.blocks} blocks"
        )
    shape = (len(own) // role.blocks, *own.shape[1:])
    blocks = [draw(shape, generator, hyperparameters) for _ in range(role.blocks)]
    return torch.cat(blocks)


def _gain(role: WeightRole, hyperparameters: Mapping[str, Any]) -> float:
    gain = float(hyperparameters.get("init_gain", 1.0))
    return gain * float(hyperparameters.get("recurrent_gain", 1.0)) if role.recurrent else gain


def _residual_factor(role: WeightRole, hyperparameters: Mapping[str, Any]) -> float:
    name = str(hyperparameters.get("residual_initialization", "none"))
    return _chosen("residual_initialization", RESIDUAL_INITIALIZATIONS, name)(role)


def _output_factor(hyperparameters: Mapping[str, Any]) -> float:
    name = str(hyperparameters.get("output_initialization", SAME))
    factor = _chosen("output_initialization", OUTPUT_INITIALIZATIONS, name)
    gain = float(hyperparameters.get("output_init_gain", 1.0))
    return factor * gain * output_scale(hyperparameters)


def _bias(
    own: Tensor, role: WeightRole, hyperparameters: Mapping[str, Any], generator: Generator
) -> Tensor:
    name = _name(hyperparameters)
    bias = own
    if name != TORCH_DEFAULT:
        std = hyperparameters["bias_std"] if name == "mean_field" else 0.0
        bias = normal(tuple(own.shape), generator, std)
    if role.forget_gate is None:
        return bias
    gates = list(bias.chunk(role.blocks))
    gates[role.forget_gate] = gates[role.forget_gate] + hyperparameters.get("forget_bias", 0.0)
    return torch.cat(gates)


def _name(hyperparameters: Mapping[str, Any]) -> str:
    return str(hyperparameters.get("initialization", TORCH_DEFAULT))


def _chosen(hyperparameter: str, registry: Mapping[str, _Choice], name: str) -> _Choice:
    if name not in registry:
        raise ValueError(f"unknown {hyperparameter} {name!r}; known: {', '.join(registry)}")
    return registry[name]
