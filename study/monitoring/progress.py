"""How far a run has come, for whoever watches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SAY_EVERY_S = 15.0
"""Between two lines of progress in the log, and where no terminal shows a live display."""

EARLY = 0.02
"""Share of the trials before which no speed and no time left are said: the first small cohorts
hold what a worker does once, and made the time left up to ten times what it was."""


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """A moment of a run.

    Attributes:
        total: Trials of the study when it is done.
        before: Trials that were done before this invocation.
        recorded: Trials that this invocation has trained and written.
        verdicts: All trials of the study so far by verdict.
        elapsed_s: Time since training began.
        left_s: Estimate of the time left in seconds; None before the first cohort.
        phase: What is done after the training, e.g. "writing the report: maps"; None before.
        notice: Something a person should know, e.g. why MLflow is unavailable.
    """

    total: int
    before: int
    recorded: int
    verdicts: Mapping[str, int]
    elapsed_s: float
    left_s: float | None = None
    phase: str | None = None
    notice: str | None = None

    @property
    def done(self) -> int:
        """Trials done in all."""
        return self.before + self.recorded

    @property
    def trials_per_s(self) -> float:
        """Speed of this invocation; 0 before its first trial."""
        return self.recorded / self.elapsed_s if self.elapsed_s > 0 else 0.0


class ProgressLines:
    """Says how far a run has come: with the first verdicts, from time to time and at the end.

    It is passed each moment of a run. Each phase after the training is said as it begins.

    Args:
        say: Takes a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said_at = -SAY_EVERY_S
        self._phase: str | None = None
        self._done = self._judged = False

    def __call__(self, progress: StudyProgress) -> None:
        """Says a line if it is time for one."""
        # "logging to MLflow 2772/3000" is one phase, whatever the numbers.
        phase = None if progress.phase is None else progress.phase.rstrip("0123456789/ ")
        begins = phase != self._phase
        done = progress.done >= progress.total
        ends = done and not self._done
        judged = any(progress.verdicts.values())
        first = judged and not self._judged
        if time.monotonic() - self._said_at < SAY_EVERY_S and not (ends or begins or first):
            return
        self._said_at, self._phase = time.monotonic(), phase
        self._done, self._judged = done, judged
        self._say(progress_text(progress))


def progress_text(progress: StudyProgress) -> str:
    """One line for logs: how far, how fast, how long yet, the verdicts; or what is done now."""
    if progress.phase is not None:
        return "  ".join(filter(None, [progress.phase, progress.notice]))
    counts = ", ".join(f"{count} {name}" for name, count in progress.verdicts.items())
    parts = [numbers_text(progress), counts, progress.notice or ""]
    return "  ".join(part for part in parts if part)


def numbers_text(progress: StudyProgress) -> str:
    """How far, how fast and how long yet."""
    text = f"{progress.done}/{progress.total} trials"
    if progress.recorded < EARLY * (progress.total - progress.before):
        return text
    if progress.recorded:
        text += f"  {progress.trials_per_s:.1f} trials/s"
    if progress.left_s is not None and progress.done < progress.total:
        text += f"  {duration_text(progress.left_s)} left"
    return text


def duration_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
