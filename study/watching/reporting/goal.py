"""When a loop that names no target counts as trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

METRIC = "loss reduction"
"""What the progress of a run is called that has no metric of its own."""

LEARNED = 0.1
"""Share of the loss at the start, or by chance where that is lower, that must be gone: twice what
a stalled training may lose."""


CROSSES = 0.1
"""Share of steps from which on a loss that changes its sign, early and late, has no level that
could fall: with half of them it is noise about zero."""

SURROGATE = (
    "the loss changes its sign again and again, as that of a policy gradient does, and says "
    "nothing of success: gradients and updates alone were judged (target_loss= says what it is)"
)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """How far down a loss has to come, in the columns of the trials table.

    Attributes:
        base: Loss from which progress counts.
        ceiling: Loss of all progress.
        target: Loss from which on it counts as trained; NaN where the loss says nothing of
            success, as in a game of two networks.
        name: What progress is called.
    """

    base: float
    ceiling: float
    target: float
    name: str = METRIC

    def progress(self, loss: Series) -> Series:
        """Returns the way of each loss from base (0) to ceiling (1); NaN without a goal."""
        if math.isnan(self.target):
            return np.full(len(loss), np.nan)
        with np.errstate(invalid="ignore", over="ignore"):
            return (self.base - loss) / (self.base - self.ceiling)

    def columns(self) -> dict[str, float]:
        """Chance, ceiling and target of that progress."""
        target = self.progress(np.array([self.target]))[0]
        return {"metric_chance": 0.0, "metric_ceiling": 1.0, "metric_target": float(target)}


def is_surrogate(losses: Sequence[float]) -> bool:
    """Returns whether a loss is about zero from the first on: its gradient counts, not its value.

    A negative log-likelihood may pass zero, and stay there, but has come from above.
    """
    signs = np.sign(np.array(losses, dtype=np.float64))
    crosses = signs[1:] * signs[:-1] < 0
    end = len(crosses) // 5
    return bool(end and crosses.mean() > CROSSES and crosses[:end].any() and crosses[-end:].any())


def goal_of(first: float, chance: float, *, target: float | None, contest: bool) -> Goal:
    """Makes the goal of a run.

    Args:
        first: Its first loss.
        chance: The loss of the best constant answer; NaN if it is not known.
        target: The loss that its owner wants to see; None if nothing was said.
        contest: Whether one loss' gain is another's loss.
    """
    base = float(np.fmin(first, chance)) if math.isfinite(chance) else first
    if not math.isfinite(base) or base == 0:
        base = 1.0
    if contest:
        return Goal(base=base, ceiling=base - abs(base), target=math.nan)
    wanted = base - LEARNED * abs(base) if target is None else target
    # A loss that falls below zero has no bottom that is known.
    ceiling = 0.0 if base > 0 and wanted >= 0 else min(base, wanted) - abs(base)
    return Goal(base=base, ceiling=ceiling, target=wanted)
