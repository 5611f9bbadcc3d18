"""What became of a watched run and why: verdict, cause, explanation, what to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from study.tables.schema import CAUSES
from study.verdicts import Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class RunResult:
    """The verdict on a run so far.

    Attributes:
        verdict: Of `study.verdicts.Verdict`; the worst, where several losses are watched.
        cause: Of `study.verdicts.Cause`.
        explanation: One or two sentences with the evidence.
        remedies: What the cause calls for, a line each.
        notices: What a person should know of how it was watched.
        trials: One row a loss, as in the trials table.
        steps: One row a loss and step that was looked at.
        layers: One row a loss, step and layer.
    """

    verdict: str
    cause: str
    explanation: str
    remedies: tuple[str, ...]
    notices: tuple[str, ...]
    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame

    def __str__(self) -> str:
        lines = [f"{self.verdict}{_because(self.verdict, self.cause)}", f"  {self.explanation}"]
        lines += [f"  try: {remedy}" for remedy in self.remedies]
        lines += [f"  note: {notice}" for notice in self.notices]
        return "\n".join(lines)


def worst(trials: pd.DataFrame) -> int:
    """Returns the row that decides where several losses are watched: the first that failed most.

    Args:
        trials: At least one row of the trials table.
    """
    order = [str(member) for member in _WORST_FIRST]
    ranks: Sequence[int] = [order.index(verdict) for verdict in trials["verdict"]]
    return min(range(len(ranks)), key=lambda row: ranks[row])


_WORST_FIRST = (
    Verdict.EXPLODING,
    Verdict.VANISHING,
    Verdict.STALLED,
    Verdict.OSCILLATING,
    Verdict.SLOW,
    Verdict.STABLE,
)


def _because(verdict: str, cause: str) -> str:
    if verdict == Verdict.STABLE:
        return ""
    return f", and {CAUSES[cause]}" if cause == "unknown" else f" because {CAUSES[cause]}"
