"""A layer's whole sequence in one go, forward and backward, for stacked trials.

Axes: K trials, B examples, T time steps, F numbers in an input, H units, G numbers in a
pre-activation, I = F + 1 + H numbers in a joined input (x_t, 1, h_{t-1}).

With joined inputs j_t = (x_t, 1, h_{t-1}) and the joined weight V = (W, b, U), forward

    a_t = V j_t    h_t = cell(a_t)

and backward, with delta_t the loss gradient by a_t and dy_t that by the output of time step t,

    dV = sum over t of delta_t j_t^T
    dx_t = W^T delta_t
    dh_{t-1} = U^T delta_t + dy_{t-1} (+ what the cell passes on beside the weights)

Autograd keeps about twenty tensors a time step and adds up a weight's gradient in as many
products. Here one product a time step goes forward and two backward, and trials are taken in
groups whose time step stays in a core's cache. Where the cell's kernel is compiled, on CPUs, they
are taken one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine.networks.recurrence.buffer_pool import Spare
from study.engine.networks.recurrence.cell import Kernel
from study.engine.networks.recurrence.compiled_scan import (
    compiled_backward,
    compiled_forward,
    is_compiled,
)

CACHED = 2**18
"""Numbers that a time step of a group of trials may touch on a CPU: 1 MB."""


@dataclass(frozen=True, kw_only=True)
class Tape:
    """What the forward pass leaves for the backward pass.

    Attributes:
        joined: (K, T + 1, B, I); the last one has a hidden state only.
        kept: (K, T, B, width * H) each, whatever the kernel keeps.
    """

    joined: Tensor
    kept: tuple[Tensor, ...]

    def hidden(self, units: int) -> Tensor:
        """Returns the hidden states before each time step and after the last, (K, T + 1, B, H)."""
        return self.joined[..., self.joined.shape[-1] - units :]


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Loss gradients by a layer's inputs (K, B, T, F), joined weight (K, G, I) and pre-activations
    (K, B, T, G); None where not asked for."""

    inputs: Tensor | None
    weight: Tensor
    preactivation: Tensor | None


def scan_forward(inputs: Tensor, weight: Tensor, kernel: Kernel, units: int, spare: Spare) -> Tape:
    """Runs the layer from a state of zeros.

    Args:
        inputs: (K, B, T, F).
        weight: Joined, (K, G, I).
        kernel: The cell's time step, written out.
        units: H.
        spare: Where the tape's memory comes from.
    """
    trials, batch, length, features = inputs.shape
    joined = spare.take((trials, length + 1, batch, features + 1 + units), weight)
    joined[:, :-1, :, :features] = inputs.transpose(1, 2)
    joined[..., features] = 1
    joined[:, 0, :, features + 1 :] = 0
    kept = [spare.take((trials, length, batch, width * units), weight) for width in kernel.kept]
    tape = Tape(joined=joined, kept=tuple(kept))
    if is_compiled(kernel, weight, inputs):
        compiled_forward(kernel.compiled, joined, weight, kept)
        return tape
    for group in _groups(tape, weight):
        weight_KxIxG = weight[group].transpose(1, 2)
        steps = tape.joined[group].unbind(1)
        hidden = tape.hidden(units)[group].unbind(1)
        before: Sequence[Tensor] | None = None
        for time, now in enumerate(_by_time(tape, kernel, group)):
            kernel.forward(steps[time], weight_KxIxG, hidden[time + 1], now, before)
            before = now
    return tape


def scan_backward(
    tape: Tape,
    weight: Tensor,
    gradient: Tensor,
    kernel: Kernel,
    *,
    inputs: bool,
    preactivation: bool,
) -> Gradients:
    """Computes the loss gradients of a layer.

    Args:
        tape: What `scan_forward` returned for the same weight.
        weight: Joined, (K, G, I).
        gradient: By the outputs: (K, B, T, H), or of the last time step only (K, B, H).
        kernel: The cell's time step, written out.
        inputs: Whether the gradient by the inputs is needed.
        preactivation: Whether the gradients by the pre-activations are asked for.
    """
    trials, length, batch, size = tape.joined.shape
    units, width = gradient.shape[-1], weight.shape[1]
    features = size - 1 - units
    by_weight = weight.new_zeros(trials, size, width)
    by_inputs = weight.new_empty(trials, length - 1, batch, features) if inputs else None
    deltas = weight.new_empty(trials, batch, length - 1, width) if preactivation else None
    filled = by_weight, by_inputs, deltas
    if is_compiled(kernel, weight, gradient):
        compiled_backward(kernel.compiled, tape.joined, weight, tape.kept, gradient, filled)
    else:
        for group in _groups(tape, weight):
            _group_backward(tape, weight, gradient, kernel, group, filled)
    return Gradients(
        inputs=None if by_inputs is None else by_inputs.transpose(1, 2),
        weight=by_weight.transpose(1, 2),
        preactivation=deltas,
    )


def _group_backward(
    tape: Tape,
    weight: Tensor,
    gradient: Tensor,
    kernel: Kernel,
    group: slice,
    filled: tuple[Tensor, Tensor | None, Tensor | None],
) -> None:
    """Fills the group's gradients by the weight (K, I, G), inputs and pre-activations."""
    by_weight, by_inputs, deltas = filled
    by_weight_group = by_weight[group]
    units, length = gradient.shape[-1], tape.joined.shape[1] - 1
    features = weight.shape[2] - 1 - units
    weight_x, weight_h = weight[group, :, :features], weight[group, :, features + 1 :]
    steps, hidden = tape.joined[group].unbind(1), tape.hidden(units)[group].unbind(1)
    transposed = tape.joined[group].transpose(2, 3).unbind(1)
    kept = _by_time(tape, kernel, group)
    every = gradient[group].unbind(2) if gradient.ndim == 4 else None
    by_hidden = (gradient[group] if every is None else every[-1]).contiguous().clone()
    carried = kernel.carried(by_hidden)
    for time in range(length - 1, -1, -1):
        before = kept[time - 1] if time else None
        delta = kernel.backward(
            by_hidden, carried, steps[time], hidden[time + 1], kept[time], before
        )
        # dV^T += j_t delta_t^T, summed over the examples too
        by_weight_group.baddbmm_(transposed[time], delta)
        if by_inputs is not None:
            torch.bmm(delta, weight_x, out=by_inputs[group, time])
        if deltas is not None:
            deltas[group, :, time] = delta
        if time:
            # dh_{t-1}; beta keeps what the cell left there to pass on beside the weights
            by_hidden.baddbmm_(delta, weight_h, beta=int(kernel.holds))
            if every is not None:
                by_hidden.add_(every[time - 1])


def _by_time(tape: Tape, kernel: Kernel, group: slice) -> list[tuple[Tensor, ...]]:
    """Returns the parts of what is kept of each time step."""
    parts = kernel.parts([tensor[group] for tensor in tape.kept])
    if not parts:
        return [()] * (tape.joined.shape[1] - 1)
    return list(zip(*(part.unbind(1) for part in parts), strict=True))


def _groups(tape: Tape, weight: Tensor) -> Iterator[slice]:
    """Neighbouring trials whose time step fits a CPU core's cache; all of them elsewhere."""
    trials = len(weight)
    touched = weight[0].numel() + tape.joined[0, 0].numel()
    touched += sum(tensor[0, 0].numel() for tensor in tape.kept)
    size = max(1, CACHED // touched) if weight.device.type == "cpu" else trials
    for start in range(0, trials, size):
        yield slice(start, min(start + size, trials))
