"""Share of steps in which clipping made the gradient smaller."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def clipped_fraction(clip_factor: npt.NDArray[np.float64]) -> float:
    """Computes the share of a trial's steps with a clip factor below 1, from (steps,).

    References:
        Godbole et al., Deep learning tuning playbook, 2023 (above a half: lower the rate).
    """
    return float((clip_factor < 1).mean())
