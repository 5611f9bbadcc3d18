"""How a trial's losses are read: over which window, and which bound none of them may pass.

Past the bound training stops and the trial is labelled diverged. Engine, tables and verdicts read
this module, so that they never disagree about the same trial.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIVERGENCE_FACTOR = 1e6
"""A loss may be this many times the first (Sohl-Dickstein 2024 caps losses there); the default of
the threshold `divergence_factor`."""

WINDOW = 20
"""Steps over which losses and metrics are averaged (as in Sohl-Dickstein 2024)."""


def rise_scale(first: npt.ArrayLike, ordinary: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """What a rise of the loss is measured against: the first loss.

    A first loss of 0 or below (a likelihood of densities, a perfect start) has no relative rise;
    there it is the size of the first or of an ordinary loss, whichever is larger.

    Args:
        first: Loss of step 0, any shape.
        ordinary: A loss that is ordinary for the task (that of chance), same shape; its sign is
            ignored.
    """
    losses = np.asarray(first, dtype=np.float64)
    size = np.fmax(np.abs(losses), np.abs(np.asarray(ordinary, dtype=np.float64)))
    return np.where(losses > 0, losses, size)
