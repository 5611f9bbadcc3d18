"""What became of a trial: its outcome, and in which way it failed."""

from __future__ import annotations

import numpy as np

from study.tables.schema import VERDICTS
from study.verdicts.failure import Failure
from study.verdicts.label_enum import Label
from study.verdicts.outcome import Outcome


class Verdict(Label):
    """The verdict on a trial. A regime alone never makes a failure."""

    STABLE = "stable", VERDICTS["stable"]
    EXPLODING = "exploding", VERDICTS["exploding"]
    VANISHING = "vanishing", VERDICTS["vanishing"]
    OSCILLATING = "oscillating", VERDICTS["oscillating"]
    SLOW = "slow", VERDICTS["slow"]
    STALLED = "stalled", VERDICTS["stalled"]


_EXPLOSIONS = (Failure.BLOWN_UP, Failure.GRADIENTS, Failure.UPDATES)


def verdicts(outcome: np.ndarray, failure: np.ndarray) -> np.ndarray:
    """Finds the verdict of each trial, as the strings of `Verdict`.

    Args:
        outcome: Strings of `Outcome`, shape (n,).
        failure: Strings of `Failure`, shape (n,).

    Returns:
        Strings, shape (n,).
    """
    conditions = [
        (Verdict.STABLE, outcome == Outcome.TRAINED.value),
        (Verdict.EXPLODING, np.isin(failure, [member.value for member in _EXPLOSIONS])),
        (Verdict.OSCILLATING, outcome == Outcome.OSCILLATING.value),
        (Verdict.VANISHING, failure == Failure.BARRED.value),
        (Verdict.SLOW, outcome == Outcome.SLOW.value),
    ]
    return np.select(
        [holds for _, holds in conditions],
        [member.value for member, _ in conditions],
        default=Verdict.STALLED.value,
    )
