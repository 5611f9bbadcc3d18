"""A watch that is told of in MLflow while it runs; training goes on without it."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from study.errors import TrackingUnavailable
from study.watching.moment import Moment
from study.watching.reporting.result import RunResult

if TYPE_CHECKING:
    from study.tracking.watched_run import WatchedRun

_logger = logging.getLogger("gradscape.watch")


class LiveRun:
    """Sends moments to MLflow; an outage is told once and ends it.

    Args:
        uri: Address of MLflow; None is what MLflow itself goes by.
        name: What is trained.
    """

    def __init__(self, uri: str | None, name: str) -> None:
        from study.tracking.watched_run import WatchedRun

        self._run: WatchedRun | None = None
        try:
            self._run = WatchedRun(uri, name)
        except TrackingUnavailable as error:
            self._lost(error)

    def tell(self, moment: Moment) -> None:
        """Logs what a step that was looked at showed."""
        if self._run is None:
            return
        prefix = f"{moment.name}/" if moment.name else ""
        metrics = {
            "loss": moment.loss,
            "learning_rate": moment.learning_rate,
            "grad/norm": moment.look.grad_norm,
            "grad/clip_factor": moment.look.clip_factor,
            "update/ratio": moment.look.update_ratio,
        }
        known = {prefix + name: value for name, value in metrics.items() if not math.isnan(value)}
        try:
            self._run.log(moment.step, known)
        except TrackingUnavailable as error:
            self._lost(error)

    def finish(self, result: RunResult) -> None:
        """Sets verdict and cause as tags."""
        if self._run is None:
            return
        try:
            tags = {"verdict": result.verdict, "cause": result.cause}
            self._run.finish(tags, result.explanation)
        except TrackingUnavailable as error:
            self._lost(error)

    def _lost(self, error: TrackingUnavailable) -> None:
        self._run = None
        _logger.warning("training goes on without MLflow: %s", error)
