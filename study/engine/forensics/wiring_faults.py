"""The faults of wiring, each with the test that shows it.

Axes: B tried examples, H half of them, D draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from study.engine.forensics.unseen import unseen_inputs
from study.engine.layers import is_normalized_by_batch
from study.engine.seeds import seed_torch
from study.engine.tasks.chance.cures import shape_cure
from study.engine.tasks.task import Task

Fault = tuple[str, str]
"""Name of the cause, and the clause for people."""

DIFFERS = 1e-3
"""Share of the outputs' spread from which two answers are not the same up to rounding."""

STRAIGHT = 1e-4
"""Share of the outputs' spread by which the answer midway between two inputs may miss the middle
of their answers, in a network without a bend; that of a bend is far larger."""

SCALES = (1.0, 30.0)
"""Sizes of the inputs at which a network has to be straight: small ones do not reach a bend."""

NOISE = 0.95
"""Share of what the outputs differ by that is drawn again in every pass, from which the network
says next to nothing; dropout of a half in two layers makes less."""

DRAWS = 8
"""Passes by which the share is measured."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that is tried.

    Attributes:
        module: Called with the parameters below.
        parameters: By name, without gradients.
        task: Gives the loss.
        inputs_B: (B, ...).
        targets_B: (B, ...).
    """

    module: nn.Module
    parameters: Mapping[str, Tensor]
    task: Task
    inputs_B: Tensor
    targets_B: Tensor

    def answers(self, inputs_B: Tensor, *, draw: int = 0) -> Tensor:
        """Returns the outputs for inputs, as numbers alone, the same for the same draw."""
        seed_torch(draw)
        with torch.no_grad():
            outputs: Tensor = functional_call(self.module, dict(self.parameters), (inputs_B,))
        return outputs.double()

    @contextmanager
    def without_noise(self) -> Iterator[None]:
        """Switches dropout off within the block."""
        before = [(each, each.training) for each in self.module.modules()]
        self.module.eval()
        try:
            yield
        finally:
            for each, training in before:
                each.training = training


def wiring_fault(network: Network) -> Fault | None:
    """Returns the first fault that the network has, what concerns the loss first."""
    return next((found for check in _CHECKS if (found := check(network)) is not None), None)


def _broadcast(network: Network) -> Fault | None:
    """Targets (N,) under outputs (N, 1) make (N, N) of them."""
    outputs_B, targets_B = network.answers(network.inputs_B).float(), network.targets_B
    cure = shape_cure(outputs_B, targets_B)
    half = len(outputs_B) // 2
    if not cure or half == 0:
        return None
    loss = network.task.loss
    whole, part = loss(outputs_B, targets_B), loss(outputs_B[:half], targets_B[:half])
    if torch.allclose(whole.reshape(len(outputs_B), -1)[:half], part.reshape(half, -1), rtol=1e-3):
        return None
    return "broadcast", (
        f"every output is compared with every target, from outputs {tuple(outputs_B.shape)} and "
        f"targets {tuple(targets_B.shape)}{cure}".replace(str(len(outputs_B)), "N")
    )


def _mixed(network: Network) -> Fault | None:
    """Other examples beside them change the answers to the same ones."""
    third = len(network.inputs_B) // 3
    if third == 0 or is_normalized_by_batch(network.module):
        return None
    same, others, more = network.inputs_B[: 3 * third].split(third)
    with network.without_noise():
        first = network.answers(torch.cat((same, others)))
        if len(first) != 2 * third or first.numel() == 1:
            return None
        allowed = DIFFERS * float(first.std())
        # What is drawn in a forward is the same again at the same position alone.
        draws = not torch.equal(first, network.answers(torch.cat((same, others)), draw=1))
        last = network.answers(torch.cat((others, same)))[third:] if draws else first[:third]
        # What runs along the wrong axis may see what comes before it alone, so it comes last, too.
        mixed = allowed > 0 and any(
            float((expected - answers[at]).abs().max()) > allowed
            for expected, parts, at in (
                (first[:third], (same, more), slice(third)),
                (last, (more, same), slice(third, None)),
            )
            if len(answers := network.answers(torch.cat(parts))) == len(first)
        )
        if not mixed or not torch.equal(first, network.answers(torch.cat((same, others)))):
            return None
    return "mixed_examples", (
        "the answer to an example changes with the other examples of its batch: some operation "
        "runs along the batch's axis (a recurrent module without batch_first=True, a softmax over "
        "axis 0, a view or reshape in place of a transpose)"
    )


def _alike(network: Network) -> Fault | None:
    """Every unit of a hidden layer begins with the same weights as its neighbours."""
    weights = {
        name: value
        for name, value in network.parameters.items()
        if value.ndim >= 2 and name.endswith("weight") and len(value) > 1
    }
    # The readout may start at zero: its units get gradients of their own.
    hidden = list(weights)[:-1]
    alike = [name for name in hidden if _is_alike(name, weights[name], network.parameters)]
    if not alike or len(alike) < len(hidden):
        return None
    zero = all(bool((weights[name] == 0).all()) for name in alike)
    return "alike_units", (
        f"all units of layer {alike[0].rpartition('.')[0] or alike[0]} start with the same weights"
        f"{', all of them zero' if zero else ''}, so they stay the same: draw them at random"
    )


def _is_alike(name: str, weight: Tensor, parameters: Mapping[str, Tensor]) -> bool:
    bias = parameters.get(name.removesuffix("weight") + "bias")
    same = bool((weight == weight[:1]).all())
    return same and (bias is None or bias.ndim != 1 or bool((bias == bias[:1]).all()))


def _straight(network: Network) -> Fault | None:
    """The answer midway between two inputs is the middle of their answers."""
    inputs_B = network.inputs_B
    half = len(inputs_B) // 2
    layers = sum(value.ndim >= 2 for value in network.parameters.values())
    if not inputs_B.is_floating_point() or half < 2 or layers < 2:
        return None
    if is_normalized_by_batch(network.module):
        return None
    one_H, other_H = inputs_B[:half], inputs_B[half : 2 * half]
    together = torch.cat((one_H, other_H, (one_H + other_H) / 2))
    with network.without_noise():
        for scale in SCALES:
            one, other, middle = network.answers(scale * together).tensor_split(3)
            off = float((middle - (one + other) / 2).abs().max())
            spread = float((one + other).std(dim=0).mean()) if half > 1 else 0.0
            if not (math.isfinite(spread) and spread > 0 and off < STRAIGHT * spread):
                return None
    return "linear_network", (
        "nothing bends what passes its layers, so together they are one linear map: put an "
        "activation between them"
    )


def _noisy(network: Network) -> Fault | None:
    """Answers to the same inputs differ from pass to pass by more than with the inputs."""
    passes = [network.answers(network.inputs_B, draw=draw) for draw in range(2)]
    if torch.equal(*passes):
        return None
    passes += [network.answers(network.inputs_B, draw=draw) for draw in range(2, DRAWS)]
    passes_DxB = torch.stack(passes)
    within = float(passes_DxB.var(dim=0).mean())
    # Of the mean over the draws a share of the noise is left.
    between = float(passes_DxB.mean(dim=0).var(dim=0).mean()) - within / DRAWS
    total = within + max(between, 0.0)
    if not (within > 0 and math.isfinite(total) and within > NOISE * total):
        return None
    rates = [each.p for each in network.module.modules() if isinstance(each, _DROPOUT)]
    source = f"dropout of {max(rates):g}" if rates else "a random number in its forward"
    return "own_noise", (
        f"{100 * within / total:.0f} % of what the outputs differ by is drawn again in every "
        f"pass, by {source}"
    )


_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_CHECKS: tuple[Callable[[Network], Fault | None], ...] = (
    _broadcast,
    unseen_inputs,
    _mixed,
    _alike,
    _noisy,
    _straight,
)
