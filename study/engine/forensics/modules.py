"""The modules of a network in the order in which one pass calls them, and what each returns.

Axes: B examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from study.engine.forensics.examples import wrong_rows
from study.engine.forensics.growth import (
    Growth,
    first_broken,
    largest_growth,
    over_time,
    rms_by_step,
)
from study.engine.layers import Layer, first_tensor


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a module that gave, or was given, something that is not finite.

    Attributes:
        module: Its name inside the network; empty for the network itself.
        number: Which call of this module, from 0; of a module that runs through all time steps in
            one call, the time step.
        of: How many there are, where they are time steps of one call; else 0.
        given: Whether already what it was given is not finite.
        wrong_B: For which examples, (B,); all False where the tensor has no axis of examples.
    """

    module: str
    number: int
    given: bool
    wrong_B: Tensor
    of: int = 0


class ModuleWatch:
    """Notes which calls of one pass, forward and backward, leave finite numbers.

    Args:
        module: The network.
        layers: Its layers, whose deltas are watched in the backward pass.
        examples: B.
    """

    def __init__(self, module: nn.Module, layers: Sequence[Layer], examples: int) -> None:
        self._modules = dict(module.named_modules())
        self._layers = {layer.name: layer for layer in layers}
        self._activations = {
            layer.activation: layer for layer in reversed(layers) if layer.activation is not None
        }
        self._examples = examples
        self._counts: dict[str, int] = {}
        self._sizes: dict[str, list[float]] = {}
        self._calls: list[Call] = []
        self._deltas: list[Call] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the forward pass made within the block, and the backward pass from it."""
        handles = []
        for name, module in self._modules.items():
            handles.append(module.register_forward_pre_hook(self._before(name)))
            handles.append(module.register_forward_hook(self._behind(name)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def first_call(self, wrong_B: Tensor) -> Call | None:
        """The first call that left finite numbers, if any.

        Args:
            wrong_B: Examples whose outputs are not finite, (B,). Where a module gives infinities
                for others too, they are meant: a mask.
        """
        return next((call for call in self._calls if not (call.wrong_B & ~wrong_B).any()), None)

    def first_delta(self) -> Call | None:
        """The first layer in the backward pass whose delta is not finite, at its last call."""
        if not self._deltas:
            return None
        layer = self._deltas[0].module
        return max(
            (call for call in self._deltas if call.module == layer), key=lambda call: call.number
        )

    def growth(self) -> Growth | None:
        """The largest growth of a layer over the time steps; None of networks that have none."""
        return largest_growth(self._sizes)

    def place(self, name: str) -> str:
        """Writes "layer 3 (fc2)"."""
        if name in self._layers:
            return f"layer {self._layers[name].number} ({name})"
        if name in self._activations:
            layer = self._activations[name]
            return f"{layer.activation_name} behind layer {layer.number} ({layer.name})"
        return f"{name} ({type(self._modules[name]).__name__})" if name else "the network"

    def said(self, call: Call) -> str:
        """Writes "layer 3 (fc2) at time step 41 of 200"."""
        place = self.place(call.module) + self._when(call)
        return f"what {place} is given" if call.given else place

    def is_output(self, call: Call) -> bool:
        """Returns whether it is the network's own result, or that of its last layer."""
        layer = self._layers.get(call.module)
        return call.module == "" or (
            layer is not None and layer.role == "output" and not call.given
        )

    def _when(self, call: Call) -> str:
        if call.of:
            return f" at time step {call.number + 1} of {call.of}"
        calls = self._counts.get(call.module, 1)
        if calls == 1:
            return ""
        layer = self._layers.get(call.module) or self._activations.get(call.module)
        timed = layer is not None and layer.in_time and layer.calls == calls
        word = "time step" if timed else "call"
        return f" at {word} {call.number + 1} of {calls}"

    def _before(self, name: str) -> Any:
        def note(module: nn.Module, inputs: Any) -> None:
            self._note(name, inputs, given=True)

        return note

    def _behind(self, name: str) -> Any:
        def note(module: nn.Module, inputs: Any, output: Any) -> None:
            self._note(name, output, given=False)
            number = self._counts.get(name, 0)
            self._counts[name] = number + 1
            tensor = first_tensor(output)
            if name in self._layers and tensor is not None:
                self._note_size(name, module, tensor)
                if tensor.requires_grad:
                    tensor.register_hook(lambda gradient: self._note_delta(name, number, gradient))

        return note

    def _note(self, name: str, values: Any, *, given: bool) -> None:
        for tensor in tree_leaves(values):
            if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
                continue
            if not bool(tensor.isfinite().all()):
                number, of = self._counts.get(name, 0), 0
                module, wrong_B = self._modules[name], self._wrong(tensor)
                if isinstance(module, nn.RNNBase) and not given:
                    outputs_T = over_time(tensor, batch_first=module.batch_first)
                    number, of = first_broken(outputs_T), len(outputs_T)
                self._calls.append(
                    Call(module=name, number=number, given=given, wrong_B=wrong_B, of=of)
                )
                return

    def _note_size(self, name: str, module: nn.Module, output: Tensor) -> None:
        outputs_T = output.unsqueeze(0)
        if isinstance(module, nn.RNNBase):
            outputs_T = over_time(output, batch_first=module.batch_first)
        self._sizes.setdefault(name, []).extend(rms_by_step(outputs_T))

    def _note_delta(self, name: str, number: int, gradient: Tensor) -> None:
        if not bool(gradient.isfinite().all()):
            wrong_B = self._wrong(gradient)
            self._deltas.append(Call(module=name, number=number, given=False, wrong_B=wrong_B))

    def _wrong(self, tensor: Tensor) -> Tensor:
        if tensor.ndim and len(tensor) == self._examples:
            return wrong_rows(tensor, self._examples)
        return torch.zeros(self._examples, dtype=torch.bool)
