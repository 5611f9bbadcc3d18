"""The scan as autograd and vmap see it.

Running and differentiating are two steps, so that a pass that is watched can show the states
before it asks for their gradients; both kinds of pass do the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from study.engine.networks.recurrence.buffer_pool import Spare
from study.engine.networks.recurrence.cell import Cell, Kernel
from study.engine.networks.recurrence.scan import Tape, scan_backward, scan_forward


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a layer is beside its tensors.

    Attributes:
        cell: The recurrent unit, which defines the time step and splits delta between its maps.
        kernel: The unit's time step written out.
        units: H.
        every_step: Whether the outputs of all time steps are wanted, or the last one's.
        spare: Memory from the step before.
    """

    cell: Cell
    kernel: Kernel
    units: int
    every_step: bool
    spare: Spare

    def hidden(self, tape: Sequence[Tensor]) -> Tensor:
        """Returns hidden states before each time step and after the last, (..., T + 1, B, H)."""
        return tape[0].narrow(-1, tape[0].shape[-1] - self.units, self.units)


Shown = tuple[Tensor, Sequence[Tensor]]
"""Outputs of the map of the inputs, (B, T, gates * H), and of that of the hidden state at each
time step, (B, gates * H)."""


class _Run(Function):
    """The forward pass: (inputs (B, T, F), joined weight (G, I)) -> the tape's tensors."""

    @staticmethod
    def forward(inputs: Tensor, weight: Tensor, scan: Scan) -> tuple[Tensor, ...]:
        if weight.ndim == 2:
            tape = scan_forward(inputs[None], weight[None], scan.kernel, scan.units, scan.spare)
            return tape.joined[0], *(tensor[0] for tensor in tape.kept)
        tape = scan_forward(inputs, weight, scan.kernel, scan.units, scan.spare)
        return tape.joined, *tape.kept

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> tuple[Any, Any]:
        outputs = _Run.apply(*_stacked(info.batch_size, in_dims, arguments))
        return outputs, (0,) * len(outputs)


class _Differentiable(Function):
    """Outputs of a tape as a function of inputs, joined weight and what was shown.

    The last tensors are the outputs of the recurrent map at each time step, if shown, and then
    the tape's. The numbers of what was shown are not used; its gradients are what hooks see.
    """

    @staticmethod
    def forward(
        inputs: Tensor,
        weight: Tensor,
        scan: Scan,
        projections: Tensor | None,
        shown: int,
        *tensors: Tensor,
    ) -> Tensor:
        hidden = scan.hidden(tensors[shown:])
        if not scan.every_step:
            return hidden.select(-3, -1).clone(memory_format=torch.contiguous_format)
        later = hidden.narrow(-3, 1, hidden.shape[-3] - 1)
        return later.clone(memory_format=torch.contiguous_format).transpose(-2, -3)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        xs, weight, ctx.scan, _, ctx.shown, *tensors = inputs
        ctx.save_for_backward(xs, weight, *tensors[ctx.shown :])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, *tape = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0], ctx.shown > 0
        if torch.is_grad_enabled():
            by = _twice_differentiable(inputs, weight, gradients[0], ctx.scan, wanted)
        elif weight.ndim == 2:  # Outside of vmap: a trial axis of one.
            stacked = [tensor[None] for tensor in (weight, gradients[0], *tape)]
            by = tuple(
                None if tensor is None else tensor[0]
                for tensor in _once(stacked, ctx.scan, wanted)
            )
        else:
            by = _once([weight, gradients[0], *tape], ctx.scan, wanted)
        by_inputs, by_weight, delta = by
        by_shown: tuple[Tensor | None, ...] = (None, None)
        if delta is not None:
            by_projections, by_recurrences = ctx.scan.cell.split(delta)
            by_shown = (by_projections, None, *by_recurrences.unbind(-2))
        return by_inputs, by_weight, None, *by_shown, *(None for _ in tape)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> tuple[Tensor, int]:
        return _Differentiable.apply(*_stacked(info.batch_size, in_dims, arguments)), 0


def run(inputs: Tensor, weight: Tensor, scan: Scan) -> tuple[Tensor, ...]:
    """Runs the layer without derivatives; returns the tape, joined (T + 1, B, I) first."""
    tensors: tuple[Tensor, ...] = _Run.apply(inputs.detach(), weight.detach(), scan)
    return tensors


def differentiable(
    inputs: Tensor, weight: Tensor, scan: Scan, tape: Sequence[Tensor], shown: Shown | None
) -> Tensor:
    """Returns the layer's outputs, (B, T, H) or (B, H), with derivatives of any order.

    Args:
        inputs: (B, T, F), the ones that `run` was called with.
        weight: Joined, (G, I), the one that `run` was called with.
        scan: The one that `run` was called with.
        tape: What `run` returned.
        shown: Gets the gradients by the outputs of both maps.
    """
    projections, recurrences = (None, ()) if shown is None else shown
    outputs: Tensor = _Differentiable.apply(
        inputs, weight, scan, projections, len(recurrences), *recurrences, *tape
    )
    return outputs


def _stacked(trials: int, in_dims: Any, arguments: Any) -> list[Any]:
    """Arguments with the trial axis first; those without one are repeated, unless no tensors."""
    stacked = []
    for dim, argument in zip(in_dims, arguments, strict=True):
        if not isinstance(argument, Tensor):
            stacked.append(argument)
        elif dim is None:
            stacked.append(argument.expand(trials, *argument.shape))
        else:
            stacked.append(argument.movedim(dim, 0))
    return stacked


def _once(
    stacked: list[Tensor], scan: Scan, wanted: tuple[bool, bool]
) -> tuple[Tensor | None, ...]:
    """Computes (by inputs, by joined weight, delta) from the tape, whose memory it gives back."""
    weight, gradient, joined, *kept = stacked
    by = scan_backward(
        Tape(joined=joined, kept=tuple(kept)),
        weight,
        gradient,
        scan.kernel,
        inputs=wanted[0],
        preactivation=wanted[1],
    )
    scan.spare.give((joined, *kept))
    return by.inputs, by.weight, by.preactivation


def _twice_differentiable(
    inputs: Tensor, weight: Tensor, gradient: Tensor, scan: Scan, wanted: tuple[bool, bool]
) -> tuple[Tensor | None, ...]:
    """Computes the same gradients by autograd through the cell's definition, run once more.

    Nudges of zero are added to the pre-activations: the gradient by a nudge is delta.
    """
    shape = *inputs.shape[:-1], weight.shape[-2]
    nudges = weight.new_zeros(shape).requires_grad_(wanted[1])
    # Views, so that only their uses in this layer count.
    inputs, weight = inputs.view_as(inputs), weight.view_as(weight)
    outputs = _defined(inputs, weight, nudges, scan)
    sources = [inputs] * wanted[0] + [weight] + [nudges] * wanted[1]
    by = list(torch.autograd.grad(outputs, sources, gradient, create_graph=True))
    by_inputs = by.pop(0) if wanted[0] else None
    return by_inputs, by[0], by[1] if wanted[1] else None


def _defined(inputs: Tensor, weight: Tensor, nudges: Tensor, scan: Scan) -> Tensor:
    """Runs the layer as the cell defines it, on tensors with or without a trial axis."""
    zeros = inputs.new_zeros(*inputs.shape[:-2], scan.units)
    ones = inputs.new_ones(*inputs.shape[:-2], 1)
    state = (zeros,) * scan.cell.states
    outputs = []
    for values, nudge in zip(inputs.unbind(-2), nudges.unbind(-2), strict=True):
        joined = torch.cat((values, ones, state[0]), dim=-1)
        state = scan.cell.step(joined @ weight.mT + nudge, state)
        outputs.append(state[0])
    return torch.stack(outputs, dim=-2) if scan.every_step else outputs[-1]
