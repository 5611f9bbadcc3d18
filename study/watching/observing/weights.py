"""Parameters of one optimizer before and after its step: gradients, updates, what was clipped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from study.watching.harmless import harmless
from study.watching.observing.ranks import sharded

EXACT = 2**20
"""Numbers of a parameter up to which its update is measured whole; of a larger one, for which a
copy would be a burden, numbers evenly spread over it stand for all."""


def parameters_of(optimizers: Iterable[Optimizer]) -> list[Tensor]:
    """Lists the parameters that optimizers change, each once."""
    found = {
        id(parameter): parameter
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    return list(found.values())


def learning_rate(optimizers: Sequence[Optimizer]) -> float:
    """Returns the largest learning rate of their parameter groups."""
    return max(
        float(group.get("lr", math.nan)) for each in optimizers for group in each.param_groups
    )


class Arrived:
    """Notes gradients' norms as the backward pass leaves them, before anybody clips them.

    Args:
        parameters: Those to look at.
        averaged: Whether processes average their gradients, at the end of the backward pass.
    """

    def __init__(self, parameters: Sequence[Tensor], *, averaged: bool) -> None:
        self.norms: dict[int, Tensor] = {}
        self._parameters = parameters
        self._averaged = averaged
        self._waits = False
        self._handles: list[RemovableHandle] = [
            parameter.register_post_accumulate_grad_hook(self._note)
            for parameter in parameters
            if parameter.requires_grad and parameter.is_leaf and not averaged
        ]

    def begins(self) -> None:
        """Takes the beginning of a backward pass, within it."""
        if not self._averaged or self._waits:
            return
        self._waits = True
        queue = torch.autograd.Variable._execution_engine.queue_callback
        # What is queued from within the queue comes last, behind the averaging.
        queue(lambda: queue(self._note_all))

    def close(self) -> None:
        """Takes the hooks away."""
        for handle in self._handles:
            handle.remove()

    @harmless
    def _note_all(self) -> None:
        self._waits = False
        for parameter in self._parameters:
            self._note(parameter)

    @harmless
    def _note(self, parameter: Tensor) -> None:
        if parameter.grad is not None:
            self.norms[id(parameter)] = size(parameter.grad)


class Update:
    """Measures how far a step moves parameters; made before it.

    Args:
        parameters: Those to look at.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._before = [(parameter, _some(parameter).clone()) for parameter in parameters]
        self._sizes = {id(parameter): size(parameter) for parameter in parameters}

    def sizes(self) -> Mapping[int, Tensor]:
        """Norms of the parameters before the step, by id."""
        return self._sizes

    def moved(self) -> dict[int, Tensor]:
        """Norms of the updates since then, by the parameter's id, 0-d in float64; asked once."""
        norms = {}
        with torch.no_grad():
            for parameter, before in self._before:
                after = _some(parameter)
                share = parameter.numel() / max(1, after.numel())
                # Into the copy, which is of no more use: another one would cost as much again.
                norms[id(parameter)] = size(before.sub_(after)) * math.sqrt(share)
        return norms


def size(values: Tensor) -> Tensor:
    """Computes a Euclidean norm, 0-d in float64; of a sharded tensor that of all its shards."""
    with torch.no_grad():
        values = values.detach()
        if values.is_sparse:
            values = values.coalesce().values()
        if values.dtype in (torch.float16, torch.bfloat16):
            values = values.float()
        if values.device.type == "cpu" and values.dtype == torch.float32 and not sharded(values):
            quick = torch.linalg.vector_norm(values)
            # Squares between these bounds neither underflow nor overflow.
            if 1e-16 < float(quick) < 1e16:
                return quick.double()
        norm = torch.linalg.vector_norm(values, dtype=torch.float64)
        return norm.full_tensor() if sharded(norm) else norm


def total(norms: Iterable[Tensor]) -> float:
    """Returns the norm of all together."""
    listed = list(norms)
    if not listed:
        return math.nan
    return float(torch.stack([norm.cpu() for norm in listed]).norm())


def _some(parameter: Tensor) -> Tensor:
    values = parameter.detach()
    if values.numel() <= EXACT or sharded(values):
        return values
    return values.flatten()[:: -(-values.numel() // (EXACT // 4))]


def relative(part: float, whole: float) -> float:
    """Returns the size of an update by that of what it changes, infinite where that is 0."""
    if whole == 0:
        return math.inf if part > 0 else 0.0
    return part / whole
