"""What happened in every step of a cohort, kept on the device until a recorded step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float64]

SCALARS = ("loss", "metric", "grad_norm", "clip_factor")
"""Kept for every step and trial."""

DEVIATIONS = ("loss_deviation", "metric_deviation")
"""Standard deviations over the examples of a batch, kept for a few steps."""


class History:
    """Scalars by trial and step; NaN where a trial did not run.

    Args:
        trials: K, all trials of the cohort, retired ones included.
        steps: S, the steps that a trial may run.
        deviating: Steps at which `DEVIATIONS` are kept.
    """

    def __init__(self, trials: int, steps: int, deviating: Collection[int] = ()) -> None:
        self.scalars: dict[str, Array] = {
            name: np.full((trials, steps), np.nan) for name in (*SCALARS, *DEVIATIONS)
        }
        self._deviating = frozenset(deviating)
        self._examples: dict[int, tuple[Tensor, ...]] = {}
        self.failing_parameter = np.full((trials, steps), -1, dtype=np.int64)
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._flushed = 0

    def add(
        self, scalars: Sequence[Tensor], norms_NxK: Tensor, by_example: tuple[Tensor, ...]
    ) -> None:
        """Notes one step: the scalars in the order of SCALARS, each (K,), and gradient norms.

        Args:
            scalars: One tensor (K,) each.
            norms_NxK: Gradient norm by parameter in the order of the forward pass; the last
                non-finite one is where the backward pass went wrong first.
            by_example: Losses and metrics, (K, B) each; nothing may write into them later.
        """
        step = self._flushed + len(self._pending)
        if step in self._deviating:
            self._examples[step] = by_example
        bad_NxK = ~norms_NxK.isfinite()
        order = torch.arange(1, len(norms_NxK) + 1, device=norms_NxK.device).unsqueeze(1)
        failing_K = (bad_NxK * order).amax(dim=0) - 1
        self._pending.append((torch.stack([value.double() for value in scalars]), failing_K))

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds; nothing may be pending."""
        return {
            "scalars": {name: torch.from_numpy(values) for name, values in self.scalars.items()},
            "failing_parameter": torch.from_numpy(self.failing_parameter),
            "flushed": self._flushed,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a checkpoint."""
        # Checkpoints of earlier versions have no deviations.
        self.scalars |= {name: values.cpu().numpy() for name, values in state["scalars"].items()}
        self.failing_parameter = state["failing_parameter"].cpu().numpy()
        self._flushed = state["flushed"]

    def flush(self, alive: npt.NDArray[np.int64]) -> slice:
        """Moves pending steps to the host, for the trials now in the cohort.

        Returns:
            The steps that arrived.
        """
        if not self._pending:
            return slice(self._flushed, self._flushed)
        scalars_TxCxK = torch.stack([scalars for scalars, _ in self._pending]).cpu().numpy()
        failing_TxK = torch.stack([failing for _, failing in self._pending]).cpu().numpy()
        arrived = slice(self._flushed, self._flushed + len(self._pending))
        for position, name in enumerate(SCALARS):
            self.scalars[name][alive, arrived] = scalars_TxCxK[:, position].T
        self.failing_parameter[alive, arrived] = failing_TxK.T
        self._flush_deviations(alive)
        self._flushed = arrived.stop
        self._pending = []
        return arrived

    def _flush_deviations(self, alive: npt.NDArray[np.int64]) -> None:
        """Works them out for all pending steps at once: one by one they would slow small steps."""
        if not self._examples:
            return
        steps = list(self._examples)
        pairs = zip(DEVIATIONS, zip(*self._examples.values(), strict=True), strict=True)
        for name, values in pairs:
            deviations_TxK = torch.stack(values).std(dim=2).cpu().numpy()
            self.scalars[name][alive[:, None], steps] = deviations_TxK.T
        self._examples = {}
