"""One recurrent layer over a sequence: step by step, or as a scan.

Axes: B examples, T time steps, F numbers in an input, H units, G numbers in a pre-activation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.func import functional_call

from study.engine.networks.recurrence.autograd import Scan, Shown, differentiable, run
from study.engine.networks.recurrence.buffer_pool import Spare
from study.engine.networks.recurrence.cell import Cell


@dataclass(frozen=True, kw_only=True)
class RecurrentLayer:
    """The modules of a layer, which are the network's.

    Attributes:
        projection: From inputs (F) to gates * H, for all time steps at once.
        recurrent: From the hidden state (H) to gates * H, once a time step.
        cell: From the pre-activation and the state of a time step to the next state.
        spare: Memory from the step before.
    """

    projection: nn.Linear
    recurrent: nn.Linear
    cell: Cell
    spare: Spare = field(default_factory=Spare)

    def run(self, inputs: Tensor, *, every_step: bool) -> Tensor:
        """Outputs (B, T, H) of all time steps, or (B, H) of the last, from a state of zeros.

        A cell with a kernel is scanned. Modules that have hooks are then called for these alone,
        so that the numbers of a training do not depend on whether anybody watches.

        Args:
            inputs: (B, T, F).
            every_step: Whether all outputs are wanted.
        """
        # Autocast rounds single operations, which a scan hides from it.
        kernel = None if torch.is_autocast_enabled(inputs.device.type) else self.cell.kernel
        if kernel is None:
            return self._step_by_step(inputs, every_step=every_step)
        scan = Scan(
            cell=self.cell,
            kernel=kernel,
            units=self.recurrent.in_features,
            every_step=every_step,
            spare=self.spare,
        )
        weight = self.cell.joined_weight(self.projection, self.recurrent)
        tape = run(inputs, weight, scan)
        shown = self._shown(inputs, scan.hidden(tape)) if self._is_watched() else None
        return differentiable(inputs, weight, scan, tape, shown)

    def _step_by_step(self, inputs: Tensor, *, every_step: bool) -> Tensor:
        """Runs the layer as the cell defines it; what a scan must agree with."""
        zeros = self.recurrent.weight.new_zeros(len(inputs), self.recurrent.in_features)
        state = (zeros,) * self.cell.states
        outputs = []
        for projected in self.projection(inputs).unbind(1):
            preactivation = self.cell.join(projected, self.recurrent(state[0]))
            state = self.cell.step(preactivation, state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1) if every_step else outputs[-1]

    def _is_watched(self) -> bool:
        modules = (self.projection, self.recurrent, *self.cell.children())
        return any(module._forward_hooks or module._forward_pre_hooks for module in modules)

    def _shown(self, inputs: Tensor, hidden: Tensor) -> Shown:
        """Calls the modules on what the scan found, as stepping would, for their hooks.

        Args:
            inputs: (B, T, F).
            hidden: (T + 1, B, H), before each time step and after the last.
        """
        projections = _called(self.projection, inputs.detach())
        recurrences = []
        steps = zip(projections.detach().unbind(1), hidden.unbind(0)[:-1], strict=True)
        for projection, state in steps:
            recurrence = _called(self.recurrent, state)
            self.cell.show(projection, recurrence.detach())
            recurrences.append(recurrence)
        return projections, recurrences


def _called(module: nn.Linear, inputs: Tensor) -> Tensor:
    """Returns the module's output, from whose gradient none comes to its parameters."""
    output: Tensor
    if torch.is_grad_enabled():
        # A bias has the cheaper gradient to work out in vain.
        way = "weight" if module.bias is None else "bias"
        parameters = {
            name: _Still.apply(value) if name == way else value.detach()
            for name, value in module.named_parameters()
        }
        output = functional_call(module, parameters, (inputs,))
    else:
        output = module(inputs)
    return output


class _Still(Function):
    """The identity; lies on the way of gradients, so that hooks behind it get theirs, and ends
    it."""

    @staticmethod
    def forward(value: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> None:
        return None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None], value: Tensor) -> tuple[Tensor, int | None]:
        return _Still.apply(value), in_dims[0]
