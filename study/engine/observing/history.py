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
        self._examples: dict[int, tuple[Tensor, Tensor]] = {}
        self.failing_parameter = np.full((trials, steps), -1, dtype=np.int64)
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._flushed = self._noted = 0

    def add(
        self, scalars: Sequence[Tensor], norms_NxK: Tensor, by_example: tuple[Tensor, Tensor]
    ) -> None:
        """Notes one step: the scalars in the order of SCALARS, each (K,), and gradient norms.

        Args:
            scalars: One tensor (K,) each.
            norms_NxK: Gradient norm by parameter in the order of the forward pass; the last
                non-finite one is where the backward pass went wrong first.
            by_example: Losses and metrics, (K, B) each; nothing may write into them later.
        """
        stacked = torch.stack([value.double() for value in scalars]).unsqueeze(1)
        losses_KxB, metrics_KxB = by_example
        self.extend(stacked, norms_NxK.unsqueeze(0), (losses_KxB[None], metrics_KxB[None]))

    def extend(
        self, scalars_CxTxK: Tensor, norms_TxNxK: Tensor, by_example: tuple[Tensor, Tensor]
    ) -> None:
        """Notes T steps, as `add` notes one.

        Args:
            scalars_CxTxK: In the order of SCALARS.
            norms_TxNxK: Gradient norm by parameter.
            by_example: Losses and metrics, (T, K, B) each.
        """
        for position in range(scalars_CxTxK.shape[1]):
            if self._noted + position in self._deviating:
                examples = (by_example[0][position], by_example[1][position])
                self._examples[self._noted + position] = examples
        bad_TxNxK = ~norms_TxNxK.isfinite()
        order = torch.arange(1, norms_TxNxK.shape[1] + 1, device=norms_TxNxK.device).unsqueeze(1)
        failing_TxK = (bad_TxNxK * order).amax(dim=1) - 1
        self._pending.append((scalars_CxTxK.double(), failing_TxK))
        self._noted += scalars_CxTxK.shape[1]

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
        self._flushed = self._noted = state["flushed"]

    def flush(self, alive: npt.NDArray[np.int64]) -> slice:
        """Moves pending steps to the host, for the trials now in the cohort.

        Returns:
            The steps that arrived.
        """
        if not self._pending:
            return slice(self._flushed, self._flushed)
        scalars_CxTxK = torch.cat([scalars for scalars, _ in self._pending], dim=1).cpu().numpy()
        failing_TxK = torch.cat([failing for _, failing in self._pending]).cpu().numpy()
        arrived = slice(self._flushed, self._noted)
        for name, scalars_TxK in zip(SCALARS, scalars_CxTxK, strict=True):
            self.scalars[name][alive, arrived] = scalars_TxK.T
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
