"""What a task's outputs are compared with, for outputs that are the same for all examples.

Axes: N examples, O outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from study.engine.seeds import seed_torch
from study.engine.tasks.chance.cures import reduction_cure, shape_cure
from study.engine.tasks.error import DataError

PerExample = Callable[[Tensor, Tensor], Tensor]
"""(outputs (N, ...), targets (N, ...)) -> one number an example, (N,)."""

CHUNK = 1024
"""Examples whose losses are computed at once."""

FITTED, NUMBERS = 20_000, 2e6
"""Examples to which the constant is fitted, and their outputs, at most; its loss is over all."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What is predicted, whatever the input.

    Attributes:
        name: Of the task, for messages.
        targets: (N, ...).
        outputs: O.
        steps: Where a network answers at each time step, how many there are; else None.
    """

    name: str
    targets: Tensor
    outputs: int
    steps: int | None = None

    def mean(self, function: PerExample, constant_O: Tensor) -> Tensor:
        """Computes the mean over the examples of a loss or metric of one constant; a scalar.

        Raises:
            DataError: If the function does not return one number an example.
        """
        if self._alike is not None:
            labels, shares = self._alike
            return (self._values(function, constant_O, labels) * shares).sum()
        chunks = self.targets.split(CHUNK)
        sums = [self._values(function, constant_O, each).sum() for each in chunks]
        return torch.stack(sums).sum() / len(self.targets)

    def first(self, function: PerExample, constant_O: Tensor) -> Tensor:
        """Computes the loss or metric of the first examples, one number each."""
        return self._values(function, constant_O, self.targets[:CHUNK])

    def some(self) -> Predicted:
        """Returns the same with few enough examples, evenly spaced, to be gone through often."""
        if self._alike is not None:
            return self
        one = self.outputs * (self.steps or 1)
        step = math.ceil(len(self.targets) * max(one / NUMBERS, 1 / FITTED))
        return replace(self, targets=self.targets[::step])

    @cached_property
    def _alike(self) -> tuple[Tensor, Tensor] | None:
        """Where there is a label an example: the labels that there are, and their shares."""
        if self.targets.is_floating_point() or self.targets.numel() > len(self.targets):
            return None
        labels, counts = self.targets.unique(dim=0, return_counts=True)
        return labels, counts.double() / len(self.targets)

    def _values(self, function: PerExample, constant_O: Tensor, targets: Tensor) -> Tensor:
        steps = () if self.steps is None else (self.steps,)
        outputs = constant_O.expand(len(targets), *steps, self.outputs)
        if targets.is_floating_point():
            targets = targets.to(constant_O.dtype)
        with torch.random.fork_rng(devices=[]):
            seed_torch(0)  # A loss that draws is the same one each time.
            values = function(outputs, targets)
        if not isinstance(values, Tensor) or values.numel() != len(targets):
            got = f"shape {tuple(values.shape)}" if isinstance(values, Tensor) else repr(values)
            raise DataError(
                f"loss and metric of task {self.name} must be one number an example, "
                f"({len(targets)},), but from outputs {tuple(outputs.shape)} and targets "
                f"{tuple(targets.shape)} one has {got}"
                + (shape_cure(outputs, targets) or reduction_cure(values))
            )
        return values.reshape(len(targets))
