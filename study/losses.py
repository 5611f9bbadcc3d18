"""How a trial's losses are read: over how many steps and examples, and which bound ends training.

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
"""Steps over which losses and metrics are averaged (as in Sohl-Dickstein 2024), at most."""

FIRST_EXAMPLES = 256
"""A first batch of fewer examples does not tell the loss before training: a sample does."""

LAST_EXAMPLES = 512
"""Windows of fewer examples do not tell the metric: its standard error is 0.02 at an accuracy of
0.8. A sample of as many tells how training ended, and windows on the way are longer."""


def last_steps(steps: int) -> int:
    """Returns how many of the last steps tell how training ended.

    `WINDOW`, at most the second half: what a short training began with is not its end.

    >>> [last_steps(steps) for steps in (1, 12, 200)]
    [1, 6, 20]
    """
    return min(WINDOW, (steps + 1) // 2)


def window(steps: int, batch_size: int) -> int:
    """Returns over how many consecutive steps noise is measured and a best metric averaged.

    As many as hold `LAST_EXAMPLES`, at most a quarter of the steps; at least `last_steps`.

    >>> [window(2000, batch_size) for batch_size in (1, 4, 64)]
    [500, 128, 20]

    Args:
        steps: Steps run, at least one.
        batch_size: Examples of a step, at least one.
    """
    return max(last_steps(steps), min(-(-LAST_EXAMPLES // batch_size), steps // 4))


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
