"""Inputs that an answer does not depend on, whatever the weights are.

Axes: B tried examples, T time steps, F features.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from study.engine.forensics.wiring_faults import Network

SIZES = (1.0, 3.0, 10.0)
"""Sizes at which weights are drawn again, over 1 / sqrt(fan-in): through many layers signals die
out at one of them and not at another."""

BIAS = 0.1
"""Size of a bias over that of the weights: large ones drown what comes from the inputs."""

ROUNDING = 1e-13
"""Share of the outputs' size by which answers may differ from rounding alone, in float64."""

PROBES = 16
"""Time steps that are tried, at most."""

SEEN = 0.5
"""Share of the time steps up to which an answer that ends there leaves out most of them."""


def unseen_inputs(network: Network) -> tuple[str, str] | None:
    """Says that the answers do not depend on the inputs, or on the first time steps alone.

    A readout of zeros or dead units make all answers the same too, which training may change. So
    weights are drawn again.

    Returns:
        Name of the cause and a clause for people; None if answers depend on the inputs.
    """
    if len(network.inputs_B) < 2 or bool((network.inputs_B == network.inputs_B[:1]).all()):
        return None
    precise = _in_double_precision(network)
    try:
        precise.answers(precise.inputs_B)
    except RuntimeError:  # It makes numbers of a type of its own.
        return None
    return _unseen(precise)


def _in_double_precision(network: Network) -> Network:
    inputs_B = network.inputs_B
    return dataclasses.replace(
        network,
        module=copy.deepcopy(network.module).double(),
        parameters={name: value.double() for name, value in network.parameters.items()},
        inputs_B=inputs_B.double() if inputs_B.is_floating_point() else inputs_B,
    )


def _unseen(network: Network) -> tuple[str, str] | None:
    with network.without_noise():
        # The first tells of nearly all networks, and to draw the others costs every cohort time.
        if not any(_differs(each, each.inputs_B.roll(1, 0)) for each in _drawn_again(network)):
            return "unseen_inputs", (
                f"the network's answer is the same whatever its inputs are: {_reason(network)}"
            )
        return _late_steps(network)


def _drawn_again(network: Network) -> Iterator[Network]:
    """The network with weights of each size, which are drawn when they are asked for."""
    return (_with_weights(network, size) for size in SIZES)


def _with_weights(network: Network, size: float) -> Network:
    generator = torch.Generator().manual_seed(0)
    parameters = {
        name: _scale(name, value, size)
        * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        for name, value in network.parameters.items()
    }
    return dataclasses.replace(network, parameters=parameters)


def _scale(name: str, value: Tensor, size: float) -> float:
    if value.ndim >= 2:
        return size / math.sqrt(value[0].numel())
    return BIAS * size if "bias" in name else 1.0


def _differs(network: Network, others_B: Tensor) -> bool:
    """Whether any answer changes when the inputs become these."""
    before, after = network.answers(network.inputs_B), network.answers(others_B)
    if before.shape != after.shape or not bool((before.isfinite() & after.isfinite()).all()):
        return True  # Nothing can be said of them.
    return float((before - after).abs().max()) > ROUNDING * float(before.abs().max())


def _late_steps(network: Network) -> tuple[str, str] | None:
    """Of sequences: time steps after the last one that changes an answer.

    A recurrent network may forget the first ones, which is no fault of its wiring.
    """
    if network.task.vocabulary is None and network.inputs_B.ndim != 3:
        return None
    differs_BxTxF = (network.inputs_B != network.inputs_B[:1]).reshape(
        *network.inputs_B.shape[:2], -1
    )
    steps = differs_BxTxF.any(dim=2).any(dim=0).nonzero().flatten().tolist()
    if len(steps) < 2:
        return None
    probes = sorted(
        {steps[round(at)] for at in torch.linspace(0, len(steps) - 1, PROBES).tolist()}
    )
    drawn = list(_drawn_again(network))
    for step in reversed(probes):
        others_B = network.inputs_B.clone()
        others_B[:, step] = others_B[:, step].roll(1, 0)
        if any(_differs(each, others_B) for each in drawn):
            break
    used = sum(each <= step for each in steps)
    if used > SEEN * len(steps):
        return None
    until = "the first" if used == 1 else f"no more than the first {used}"
    return "unseen_inputs", (
        f"the answer depends on {until} of {len(steps)} time steps alone: read the last output "
        "of a recurrent module, as out[:, -1], or the mean over all"
    )


def _reason(network: Network) -> str:
    for name, module in network.module.named_modules():
        if isinstance(module, nn.LayerNorm) and math.prod(module.normalized_shape) == 1:
            return f"layer {name} normalizes over a single number, which leaves nothing of it"
    answers = network.answers(network.inputs_B)
    if answers.shape[-1] == 1 and bool((answers == 1).all()):
        return "a softmax over a single output is always 1; use a sigmoid"
    return (
        "some operation leaves nothing of them, as a softmax or a normalization does over an "
        "axis of length 1, or a product with zeros"
    )
