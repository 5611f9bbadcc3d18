"""The processes of a Ray that this one has started: what a person is told when one dies."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ray._private import ray_constants, worker

from study.errors import RayProcessDied

LOOK_S = 1.0

NEEDED = (ray_constants.PROCESS_TYPE_GCS_SERVER, ray_constants.PROCESS_TYPE_RAYLET)
"""Without these no cohort can begin. Ray itself ends the driver a minute after the first is gone,
as SIGKILL would, and says so in a screenful."""

_logger = logging.getLogger("gradscape.dispatch")


@contextmanager
def processes_watched(fail: Callable[[BaseException], None]) -> Iterator[None]:
    """Ends a study within seconds when the Ray of this machine has lost what it needs.

    Args:
        fail: Called in a thread with the error that ends the study.
    """
    node = worker._global_node
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_S):
            dead = {kind for kind, _ in node.dead_processes()}.intersection(NEEDED)
            if dead and not ended.is_set():
                error = RayProcessDied(
                    f"Ray's process {min(dead)} on this machine has died; what was recorded is "
                    "safe, the same command goes on"
                )
                _logger.warning("%s", error)
                fail(error)
                return

    thread = threading.Thread(target=watch, name="ray processes", daemon=True)
    if node is not None:
        thread.start()
    try:
        yield
    finally:
        ended.set()
