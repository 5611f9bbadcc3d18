"""How far a run has come, for whoever watches it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from study.monitoring.driver_log import DRIVER

LOG_EVERY_S = 15.0
"""Between two lines of progress in the log."""

_logger = logging.getLogger(DRIVER)


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
        notice: Something a person should know, e.g. why MLflow is unavailable.
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
        """Speed of this invocation; 0 before its first trial."""
        return self.recorded / self.elapsed_s if self.elapsed_s > 0 else 0.0


class ProgressLog:
    """Logs how far a run has come, which it is passed often, from time to time and at the end."""

    def __init__(self) -> None:
        self._logged_at = -LOG_EVERY_S

    def __call__(self, progress: StudyProgress) -> None:
        """Logs a line if it is time for one."""
        done = progress.done >= progress.total
        if time.monotonic() - self._logged_at < LOG_EVERY_S and not done:
            return
        self._logged_at = time.monotonic()
        _logger.info("%s", progress_text(progress))


def progress_text(progress: StudyProgress) -> str:
    """One line for logs: how far, how fast, how long yet, the verdicts."""
    counts = ", ".join(f"{count} {name}" for name, count in progress.verdicts.items())
    parts = [numbers_text(progress), counts, progress.notice or ""]
    return "  ".join(part for part in parts if part)


def numbers_text(progress: StudyProgress) -> str:
    """How far, how fast and how long yet."""
    text = f"{progress.done}/{progress.total} trials"
    if progress.recorded:
        text += f"  {progress.trials_per_s:.1f} trials/s"
    if progress.left_s is not None and progress.done < progress.total:
        text += f"  {duration_text(progress.left_s)} left"
    return text


def duration_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
