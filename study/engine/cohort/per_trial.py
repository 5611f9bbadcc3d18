"""Hyperparameters of a cohort as columns: one value a trial, along the trial axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from study.trial import NONE


class Columns:
    """Columns of the trials still in a cohort.

    Args:
        hyperparameters: One mapping a trial.
        device: Where the tensors are needed.
        dtype: Floating-point type of the tensors.
    """

    def __init__(
        self,
        hyperparameters: Sequence[Mapping[str, Any]],
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.device = device
        self.dtype = dtype
        self._trials = list(hyperparameters)
        self._values: dict[str, npt.NDArray[np.float64]] = {}
        self._tensors: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def values(self, name: str, default: float) -> npt.NDArray[np.float64]:
        """Returns one hyperparameter of every trial on the host, shape (K,); made once.

        A limit that is switched off is infinity, as in the tables.
        """
        if name not in self._values:
            given = (trial.get(name, default) for trial in self._trials)
            read = [math.inf if value == NONE else float(value) for value in given]
            self._values[name] = np.array(read, dtype=np.float64)
        return self._values[name]

    def tensor(self, name: str, default: float) -> Tensor:
        """Returns one hyperparameter of every trial on the device, shape (K,); made once."""
        if name not in self._tensors:
            values = torch.from_numpy(self.values(name, default))
            self._tensors[name] = values.to(self.device, self.dtype)
        return self._tensors[name]

    def used(self, name: str, default: float, *, unused: float = 0.0) -> Tensor | None:
        """Returns the same, or None where all trials have the value that means nothing is done."""
        if (self.values(name, default) == unused).all():
            return None
        return self.tensor(name, default)

    def shared(self, name: str, default: str) -> str:
        """Returns the value of a hyperparameter in which the trials of a cohort agree."""
        return str(self._trials[0].get(name, default)) if self._trials else default

    def send(self, rows: Sequence[npt.NDArray[np.float64]]) -> tuple[Tensor, ...]:
        """Rows (K,) that the host computed, on the device: one transfer, not waited for."""
        stacked = torch.from_numpy(np.stack(rows)).to(self.dtype)
        return stacked.to(self.device, non_blocking=True).unbind()

    def keep(self, slots: Sequence[int]) -> None:
        """Goes on with these trials of the cohort only."""
        self._trials = [self._trials[slot] for slot in slots]
        self._values.clear()
        self._tensors.clear()


def along(column_K: Tensor, block: Tensor) -> Tensor:
    """Views (K,) as (1, K, 1, ...), to act on a block (P, K, ...)."""
    return column_K.view(1, -1, *(1,) * (block.ndim - 2))
