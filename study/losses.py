"""How a trial's losses are read: over how many steps and examples, and which bound ends training.

Past the bound training stops and the trial is labelled diverged. Engine, tables, verdicts and
watched runs read
this module, so that they never disagree about the same trial.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]
"""Values of consecutive steps, (steps,)."""

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


def window_means(values: Series, steps: int) -> Series:
    """Computes the means of all windows of so many consecutive steps."""
    with np.errstate(invalid="ignore"):
        return np.lib.stride_tricks.sliding_window_view(values, steps).mean(axis=1)


def last_mean(values: Series) -> float:
    """Computes the mean of the last steps: how training ended."""
    return float(window_means(values, last_steps(len(values)))[-1])


def swing(loss: Series) -> float:
    """Computes the mean size of the change from step to step; 0 of a single step."""
    with np.errstate(invalid="ignore"):  # infinite losses
        changes = np.abs(np.diff(loss))
    return float(changes.mean()) if len(changes) else 0.0


def zigzag(loss: Series) -> float:
    """Computes how far the loss goes back and forth a step: its way less its net change.

    A loss that falls at every step has none; one that only differs by chance about as much as its
    mean change.
    """
    if len(loss) < 2:
        return 0.0
    with np.errstate(invalid="ignore"):  # infinite losses
        changes = np.diff(loss)
        return float((np.abs(changes).sum() - abs(changes.sum())) / len(changes))


def late_fall(loss: Series, steps: int) -> float:
    """Computes how far the mean of so many losses, or of a quarter, fell since half time."""
    size, half = max(1, min(steps, len(loss) // 4)), (len(loss) + 1) // 2
    middle = loss[max(0, half - size) : half]
    with np.errstate(invalid="ignore", over="ignore"):
        return float(middle.mean() - loss[-size:].mean())
