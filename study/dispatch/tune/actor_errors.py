"""Reports every loss of a worker to Tune as the loss of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayError, RayTaskError


@contextmanager
def every_loss_is_an_actors() -> Iterator[None]:
    """While the block runs, workers that Ray's memory monitor ends do not end the study.

    Ray tells of them by `OutOfMemoryError`, as by some other errors, which is no `RayActorError`;
    Tune knows these two kinds alone and raises RuntimeError in its loop for any other.
    """
    original = RayActorManager._actor_task_failed

    def failed(manager: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
        known = isinstance(exception, (RayActorError, RayTaskError))
        if isinstance(exception, RayError) and not known:
            text = f"{type(exception).__name__}: {exception}"
            exception = RayActorError(error_msg=text)
        original(manager, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = failed
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = original
