"""How far a run has come, for whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """A moment of a run.

    Attributes:
        total: Trials of the study when it is done.
        before: Trials that were done before this invocation.
        recorded: Trials that this invocation has trained and written.
        verdicts: All trials of the study so far by verdict.
        elapsed_s: Time since training began.
        left_s: Estimate of the time left; None while it cannot be told.
        notice: Something a person should know, e.g. that MLflow is away.
    """

    total: int
    before: int
    recorded: int
    verdicts: Mapping[str, int]
    elapsed_s: float
    left_s: float | None = None
    notice: str | None = None

    @property
    def done(self) -> int:
        """Trials done in all."""
        return self.before + self.recorded

    @property
    def trials_per_s(self) -> float:
        """Of this invocation."""
        return self.recorded / self.elapsed_s if self.elapsed_s > 0 else 0.0
