"""What to make of a trial: its outcome, and what its failure is put down to."""

from __future__ import annotations

import numpy as np

from study.verdicts.cause import Cause
from study.verdicts.label_enum import Label
from study.verdicts.outcome import Outcome


class Verdict(Label):
    """The verdict on a trial. A regime alone never makes a failure."""

    STABLE = "stable", "it trained"
    EXPLODING = "exploding", "it failed and its loss, gradients or updates exploded"
    VANISHING = "vanishing", "it learned little or nothing and its gradients do not arrive"
    OSCILLATING = "oscillating", "it failed because its loss does not settle"
    STALLED = (
        "stalled",
        "it learned little or nothing though its gradients are healthy, or were not measured",
    )


_EXPLOSIONS = (Cause.BLOWN_UP, Cause.GRADIENTS, Cause.UPDATES)


def verdicts(outcome: np.ndarray, cause: np.ndarray) -> np.ndarray:
    """Finds the verdict of each trial, as the strings of `Verdict`.

    Args:
        outcome: Strings of `Outcome`, shape (n,).
        cause: Strings of `Cause`, shape (n,).

    Returns:
        Strings, shape (n,).
    """
    conditions = [
        (Verdict.STABLE, outcome == Outcome.TRAINED.value),
        (Verdict.EXPLODING, np.isin(cause, [member.value for member in _EXPLOSIONS])),
        (Verdict.OSCILLATING, outcome == Outcome.OSCILLATING.value),
        (Verdict.VANISHING, cause == Cause.BARRED.value),
    ]
    return np.select(
        [holds for _, holds in conditions],
        [member.value for member, _ in conditions],
        default=Verdict.STALLED.value,
    )
