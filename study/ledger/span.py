"""When a trial began and ended: Optuna's storages know only when it was asked and told.

A trial is asked before its cohort is full, and told when MLflow has its run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime


class TrialSpan:
    """What a storage writes as start and end of the trials that are told meanwhile.

    Attributes:
        times: Start and end; None leaves it to Optuna.
    """

    def __init__(self) -> None:
        self.times: tuple[datetime, datetime] | None = None

    @contextmanager
    def of(self, span: tuple[float, float] | None) -> Iterator[None]:
        """Inside, trials that are told began and ended then, in seconds since 1970."""
        if span is not None:
            self.times = datetime.fromtimestamp(span[0]), datetime.fromtimestamp(span[1])
        try:
            yield
        finally:
            self.times = None
