"""The notice of a run that was asked to stop: how much is in training, and for how long yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from study.errors import LeaseLost
from study.monitoring.progress import duration_text

POLL_S = 0.1
"""Between two looks whether the run was asked to stop."""

_logger = logging.getLogger("gradscape.run")


@contextmanager
def stop_notice(stop: threading.Event, text: Callable[[], str]) -> Iterator[None]:
    """Logs `text()` once, at the moment when `stop` is set while the block lasts.

    It takes a thread: the event is set in a signal handler, where nothing may be logged, and the
    thread that runs the block is in Ray.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_S):
            if stop.is_set():
                _logger.warning("%s", text())
                return

    thread = threading.Thread(target=watch, name="stop-notice", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def waiting_text(cohorts: int, left_s: float | None, lost: LeaseLost | None) -> str:
    """What a run that was asked to stop waits for.

    Args:
        cohorts: Cohorts in training.
        left_s: Estimate of the seconds until the last of them is trained; None while unknown.
        lost: The loss of the lease, after which nothing is recorded; None while it is held.
    """
    counted = f"{cohorts or 'no'} {'cohort' if cohorts == 1 else 'cohorts'}"
    if lost is not None:
        return f"{lost.reason}; {counted} in training will not be recorded"
    if not cohorts:
        return "no cohort is in training; recording what was trained"
    about = "" if left_s is None else f", about {duration_text(left_s)}"
    return f"waiting for {counted} in training{about}, then recording them"
