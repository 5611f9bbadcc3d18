"""How far a recurrent state grows over the time steps of one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

GROWN = 10.0
"""Factor over all time steps from which a state is said to grow; it settles within a few steps
where it does not."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A layer's output at two time steps.

    Attributes:
        layer: The layer's name.
        first: The first time step with an output that is not zero, from 0.
        last: The last one with a finite output.
        sizes: The rms of its output at each time step.
    """

    layer: str
    first: int
    last: int
    sizes: Sequence[float]

    @property
    def factor(self) -> float:
        """The size at the last over that at the first."""
        return self.sizes[self.last] / self.sizes[self.first]

    def __str__(self) -> str:
        ends = (
            f"{self.sizes[step]:.2g} at time step {step + 1}" for step in (self.first, self.last)
        )
        return f"grows from {' to '.join(ends)} of {len(self.sizes)}"


def largest_growth(sizes: Mapping[str, Sequence[float]]) -> Growth | None:
    """Returns the largest growth of any layer; None where none is called once a time step.

    Args:
        sizes: By layer, the rms of its output at each time step.
    """
    growths = []
    for layer, by_step in sizes.items():
        shown = [step for step, size in enumerate(by_step) if math.isfinite(size) and size > 0]
        if len(shown) > 1:
            growths.append(Growth(layer=layer, first=shown[0], last=shown[-1], sizes=by_step))
    return max(growths, key=lambda growth: growth.factor, default=None)


def rms_by_step(outputs_T: Tensor) -> list[float]:
    """Computes the rms at each time step, (T, ...); exact where squares would overflow."""
    flat = outputs_T.detach().double().flatten(1)
    rms: list[float] = flat.square().mean(dim=1).sqrt().tolist()
    return rms


def over_time(outputs: Tensor, *, batch_first: bool) -> Tensor:
    """Views outputs of torch's recurrent modules with the time steps first."""
    return outputs.movedim(1, 0) if batch_first else outputs


def first_broken(outputs_T: Tensor) -> int:
    """Returns the first time step that is not finite, from 0."""
    finite_T = outputs_T.flatten(1).isfinite().all(dim=1)
    return int(torch.argmin(finite_T.int()))
