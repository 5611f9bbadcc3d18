"""What a kind of recurrent unit must be able to do.

Axes: B examples, T time steps, F numbers in an input, H units of a layer, G = blocks * H numbers
in a layer's pre-activation; K trials come first where they are stacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]
"""What a layer carries from one time step to the next, (..., H) each; its outputs come first."""


class Kernel(Protocol):
    """One time step of a cell and its derivative, written out on stacked tensors.

    A joined input is (x_t, 1, h_{t-1}), so that one product with the joined weight (G, F + 1 + H)
    gives the whole pre-activation, and one gives the gradient of all weights.

    Attributes:
        kept: Widths, as multiples of H, of what it keeps of each time step.
        holds: Whether the hidden state also passes a time step beside the weights.
        compiled: Name of its compiled twin, which runs it on CPUs; None where there is none.
    """

    kept: tuple[int, ...]
    holds: bool
    compiled: str | None

    def parts(self, kept: Sequence[Tensor]) -> Sequence[Tensor]:
        """Views (..., width) of what is kept (..., width * H), as the methods below take them."""

    def forward(
        self,
        joined: Tensor,
        weight_KxIxG: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> None:
        """Fills this time step's hidden state and what is kept of it.

        Args:
            joined: (K, B, I), whose last H numbers are the hidden state before.
            weight_KxIxG: The joined weight.
            hidden: (K, B, H), to be filled.
            now: Parts of what is kept of this time step, (K, B, width) each, to be filled.
            before: The same of the time step before; None at the first.
        """

    def carried(self, hidden: Tensor) -> Sequence[Tensor]:
        """Allocates the memory of a backward pass, for a hidden state of this shape, (K, B, H)."""

    def backward(
        self,
        gradient: Tensor,
        carried: Sequence[Tensor],
        joined: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> Tensor:
        """Returns delta of this time step, (K, B, G), valid until the next call.

        Args:
            gradient: By the hidden state, (K, B, H); where the cell holds it, what passes beside
                the weights is left in it.
            carried: Memory, which also carries further states' gradients.
            joined: The input of `forward`, (K, B, I).
            hidden: The hidden state that `forward` filled, (K, B, H).
            now: Parts of what was kept of this time step, (K, B, width) each.
            before: The same of the time step before; None at the first.
        """


class Cell(nn.Module):
    """The contract of a recurrent unit. Its modules are those between the pre-activation and
    the output; the linear maps of a layer are the network's.

    Attributes:
        gates: Matrices that are stacked in each of its two weights.
        states: Tensors in its state.
        kernel: The same time step written out; None where only the definition below exists.
    """

    gates: int
    states: int = 1
    kernel: Kernel | None = None

    def join(self, projection: Tensor, recurrence: Tensor) -> Tensor:
        """Returns the pre-activation, (..., G), from the maps of input and hidden state."""
        return projection + recurrence

    def step(self, preactivation: Tensor, state: State) -> State:
        """The next state."""
        raise NotImplementedError

    def split(self, delta: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients by the outputs of both maps, from that by the pre-activation (..., G)."""
        return delta, delta

    def show(self, projection: Tensor, recurrence: Tensor) -> None:
        """Calls the cell's own modules as `step` would, for whoever watches them."""

    def joined_weight(self, inputs: nn.Linear, recurrent: nn.Linear) -> Tensor:
        """Returns (G, F + 1 + H): what a joined input (x_t, 1, h_{t-1}) is multiplied by."""
        bias = inputs.bias.unsqueeze(1)
        return torch.cat((inputs.weight, bias, recurrent.weight), dim=1)
