"""Cohorts trained one after the other in this process: the twin for tests and debuggers."""

from __future__ import annotations

import threading

from search_spaces.errors import InputError
from study.dispatch.cohorts import CohortQueue
from study.dispatch.dispatcher import Deliver, Train
from study.dispatch.failures import describe

ASK_AGAIN_S = 0.2
"""Between two looks for trials while none can be asked."""


class InProcessDispatcher:
    """Implements `Dispatcher` as a loop."""

    def run(
        self, queue: CohortQueue, train: Train, deliver: Deliver, *, stop: threading.Event
    ) -> None:
        while not stop.is_set():
            cohort = queue.next()
            if cohort is None:
                if queue.finished:
                    return
                stop.wait(ASK_AGAIN_S)
                continue
            try:
                payload = train(cohort)
            except (InputError, KeyboardInterrupt):
                raise
            except BaseException as error:  # Own code may call sys.exit.
                failure = describe(error)
                if not failure.out_of_memory:
                    raise failure.error(cohort) from error
                queue.lost(cohort, failure.message, halve=True)
                continue
            deliver(cohort, payload)
            queue.completed(cohort)
