"""Parameters of one optimizer before and after its step: gradients, updates, what was clipped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from study.engine.quantities.rms import SAFE_NORMS
from study.watching.harmless import harmless
from study.watching.observing.ranks import sharded

EXACT = 2**20
"""Numbers of a parameter up to which its update is measured whole; of a larger one, for which a
copy would be a burden, numbers evenly spread over it stand for all."""

_LOW, _HIGH = SAFE_NORMS
"""A norm in float32 between these is exact: its squares neither underflow nor overflow."""


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
    # In loops, because it is asked in every step: a generator takes four times as long.
    rates = []
    for each in optimizers:
        for group in each.param_groups:
            rates.append(float(group.get("lr", math.nan)))
    return rates[0] if len(rates) == 1 else max(rates)


class Arrived:
    """Notes gradients' norms as the backward pass leaves them, before anybody clips them.

    Args:
        parameters: Those to look at.
        averaged: Whether processes average their gradients, at the end of the backward pass.

    Attributes:
        first: Whether the first of several backward passes counts, not the last.
    """

    def __init__(self, parameters: Sequence[Tensor], *, averaged: bool) -> None:
        self._norms: dict[int, Tensor] = {}
        self._parameters = parameters
        self._averaged = averaged
        self._waits = False
        self.first = False
        self._handles: list[RemovableHandle] = [
            parameter.register_post_accumulate_grad_hook(self._note)
            for parameter in parameters
            if parameter.requires_grad and parameter.is_leaf and not averaged
        ]

    @property
    def norms(self) -> dict[int, float]:
        """What was noted, by the parameter's id."""
        # Read here and not in the backward pass, which would wait for an accelerator.
        return {key: float(norm) for key, norm in self._norms.items()}

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
        if parameter.grad is not None and not (self.first and id(parameter) in self._norms):
            self._norms[id(parameter)] = size(parameter.grad)


class Update:
    """Measures how far a step moves parameters; made before it.

    Args:
        parameters: Those to look at.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._before = [(parameter, _some(parameter).clone()) for parameter in parameters]
        self._sizes = sizes_of({id(parameter): parameter for parameter in parameters})

    def sizes(self) -> Mapping[int, float]:
        """Norms of the parameters before the step, by id."""
        return self._sizes

    def moved(self) -> dict[int, float]:
        """Norms of the updates since then, by the parameter's id; asked once."""
        differences, shares = {}, {}
        with torch.no_grad():
            for parameter, before in self._before:
                after = _some(parameter)
                shares[id(parameter)] = parameter.numel() / max(1, after.numel())
                # Into the copy, which is of no more use: another one would cost as much again.
                differences[id(parameter)] = before.sub_(after)
            norms = sizes_of(differences)
            return {key: norm * math.sqrt(shares[key]) for key, norm in norms.items()}


def size(values: Tensor) -> Tensor:
    """Computes a Euclidean norm, 0-d in float64; of a sharded tensor that of all its shards."""
    with torch.no_grad():
        values = values.detach()
        if values.is_sparse:
            values = values.coalesce().values()
        if values.is_complex():
            values = torch.view_as_real(values.resolve_conj())
        if values.dtype in (torch.float16, torch.bfloat16):
            values = values.float()
        if _is_plain(values):
            quick = torch.linalg.vector_norm(values)
            if _LOW < float(quick) < _HIGH:
                return quick.double()
        norm = torch.linalg.vector_norm(values, dtype=torch.float64)
        return norm.full_tensor() if sharded(norm) else norm


def sizes_of(tensors: Mapping[int, Tensor]) -> dict[int, float]:
    """Computes the `size` of several tensors, by their keys."""
    with torch.no_grad():
        plain = {key: each.detach() for key, each in tensors.items() if _is_plain(each)}
        # In one call: a look has four norms of each parameter, most of which are small.
        quick = torch._foreach_norm(list(plain.values())) if plain else ()
        known = {key: float(norm) for key, norm in zip(plain, quick, strict=True)}
        return {
            key: known[key] if _LOW < known.get(key, 0.0) < _HIGH else float(size(each))
            for key, each in tensors.items()
        }


def _is_plain(values: Tensor) -> bool:
    """Whether a tensor's numbers lie in the memory of this process as float32."""
    on_host = values.device.type == "cpu" and values.dtype == torch.float32
    return on_host and values.layout == torch.strided and not sharded(values)


def total(norms: Iterable[float]) -> float:
    """Returns the norm of all together; NaN of none."""
    return math.hypot(*norms) if (norms := list(norms)) else math.nan


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
