"""What training a cohort leaves behind, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from study.engine.layers import Layer
from study.trial import Trial

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CohortRecord:
    """K trials, S steps, R recorded steps, L layers. NaN where a trial did not run.

    Attributes:
        trials: In the order of axis 0 below.
        layers: In the order of the forward pass.
        recorded: The steps recorded, (R,).
        steps_run: Steps that count, (K,).
        failure_step: First step with a non-finite value, or -1, (K,).
        failure_tensor: What was non-finite first, or None.
        loss, metric, grad_norm, clip_factor, learning_rate: By trial and step, (K, S).
        update_ratio: By trial and recorded step, (K, R).
        by_layer: Per-layer quantities by column of the layers table, each (K, R, L).
        seconds: Wall-clock time of the cohort's training.
    """

    trials: tuple[Trial, ...]
    layers: tuple[Layer, ...]
    recorded: npt.NDArray[np.int64]
    steps_run: npt.NDArray[np.int64]
    failure_step: npt.NDArray[np.int64]
    failure_tensor: tuple[str | None, ...]
    loss: Array
    metric: Array
    grad_norm: Array
    clip_factor: Array
    learning_rate: Array
    update_ratio: Array
    by_layer: dict[str, Array]
    seconds: float
