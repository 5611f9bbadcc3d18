"""Data order: each trial walks through the examples in permutations drawn from its own seed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from study.engine.seeds import data_generator


class BatchOrder:
    """Indices of each trial's batches, epoch after epoch; an incomplete last batch is dropped.

    Args:
        seeds: One per trial of the cohort.
        examples: Number of training examples N.
        batch_size: B, at most N.
        device: Where the indices are needed.

    Raises:
        ValueError: If the batch is larger than the data.
    """

    def __init__(
        self, seeds: Sequence[int], *, examples: int, batch_size: int, device: torch.device
    ) -> None:
        if batch_size > examples:
            raise ValueError(
                f"`batch_size <= examples` must hold, but got batch_size={batch_size} "
                f"and {examples} examples"
            )
        self._generators = [data_generator(seed) for seed in seeds]
        self._examples = examples
        self.batch_size = batch_size
        self._device = device
        self._batches_per_epoch = examples // batch_size
        self._epoch_KxN = torch.empty(0)

    def batch(self, step: int) -> Tensor:
        """Indices of the batch of this step, shape (K, B); steps are asked for in order."""
        position = step % self._batches_per_epoch
        if position == 0:
            epoch_KxN = torch.stack([self._permutation(g) for g in self._generators])
            if self._device.type == "cuda":
                epoch_KxN = epoch_KxN.pin_memory()  # Else the copy would wait for the device.
            self._epoch_KxN = epoch_KxN.to(self._device, non_blocking=True)
        start = position * self.batch_size
        return self._epoch_KxN[:, start : start + self.batch_size]

    def keep(self, slots: Sequence[int]) -> None:
        """Goes on with these trials of the cohort only."""
        self._generators = [self._generators[slot] for slot in slots]
        if len(self._epoch_KxN):
            self._epoch_KxN = self._epoch_KxN[list(slots)]

    def state(self) -> list[Tensor]:
        """Returns the generators' states and the current epoch's order, for a checkpoint."""
        states = [generator.get_state() for generator in self._generators]
        return [torch.stack(states), self._epoch_KxN]

    def load(self, state: Sequence[Tensor]) -> None:
        """Goes on from a checkpoint of the same trials."""
        states, self._epoch_KxN = state
        for generator, generator_state in zip(self._generators, states.cpu(), strict=True):
            generator.set_state(
                generator_state.clone()
            )  # Of a view torch would read the wrong memory.

    def _permutation(self, generator: Generator) -> Tensor:
        return torch.randperm(self._examples, generator=generator)
