"""The contract of every dispatcher."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from study.dispatch.cohorts import CohortQueue
from study.trial import Cohort

Train = Callable[[Cohort], bytes]
"""Trains a cohort and returns its tables as bytes; picklable, the same on every worker."""

Deliver = Callable[[Cohort, bytes], None]
"""Takes a trained cohort's tables; may block, which holds further training back."""


class Dispatcher(Protocol):
    """Trains the cohorts of a queue somewhere."""

    def run(
        self, queue: CohortQueue, train: Train, deliver: Deliver, *, stop: threading.Event
    ) -> None:
        """Train until the queue is finished; every cohort is delivered exactly once.

        Args:
            queue: Gives the cohorts; what became of each is reported to it.
            train: Called for each cohort, in this process or on a worker.
            deliver: Called in this process, one cohort at a time, from whatever thread.
            stop: Once set, no further cohort starts; the running ones finish and are delivered.

        Raises:
            InputError: As `train` raised it.
            TrainingError: If `train` failed by a fault of its own, which training again would
                only repeat.
            DispatchError: If the cluster on which cohorts are trained is lost.
        """
