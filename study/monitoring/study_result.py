"""What a run of a study left behind."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from study.monitoring.driver_log import DRIVER
from study.paths import StudyPaths

NAMED_FAILURES = 20
"""Failed trials that the log names at most."""

_logger = logging.getLogger(DRIVER)


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """What a run left behind.

    Attributes:
        study: Name of the study.
        paths: Files of the study: tables, report, logs.
        total: Trials the study asks for.
        trained: Trials that this invocation trained.
        done: Trials that are done in all.
        verdicts: Trials done by verdict.
        failed: Trials that infrastructure lost too often, with the reason.
        delivered: Trials that this invocation made known to MLflow and Optuna.
        elsewhere: Trials that are done and whose rows are not in this home folder.
        undelivered: Trials whose rows are safe but MLflow or Optuna do not know yet.
        seconds: Time of this invocation by activity; activities overlap.
        stopped: Whether it was asked to stop early.
        settled: Why no more trials are asked though some are left; None where that is not so.
        missing: What a person should know of trials elsewhere; None where there are none.
        notice: What a person should know, e.g. why MLflow did not take everything.
        tracking_uri: Address of MLflow with its password masked; None is the home's own.
    """

    study: str
    paths: StudyPaths
    total: int
    trained: int
    done: int
    verdicts: Mapping[str, int]
    failed: Mapping[int, str]
    delivered: int
    undelivered: Sequence[int]
    seconds: Mapping[str, float]
    stopped: bool
    elsewhere: Sequence[int] = ()
    settled: str | None = None
    missing: str | None = None
    notice: str | None = None
    tracking_uri: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every trial that was wanted is done and known everywhere."""
        wanted = self.done >= self.total or self.settled is not None
        return wanted and not self.undelivered


def log_result(result: StudyResult) -> None:
    """Logs how a run ended that did not fail."""
    text = f"{result.done} of {result.total} trials done"
    if result.stopped:
        text += ", stopped as asked"
    if result.undelivered:
        text += f", {len(result.undelivered)} not yet in MLflow and Optuna"
    _logger.info("%s", f"{text}; {result.notice}" if result.notice else text)
    for number, reason in list(result.failed.items())[:NAMED_FAILURES]:
        _logger.warning("trial %d failed: %s", number, reason)
