"""Stopping the driver of a study on this machine, as Ctrl-C in its terminal would."""

from __future__ import annotations

import os
import signal
import time

from search_spaces.errors import InputError
from study.lease import Holder, look, this_process
from study.paths import StudyPaths

BETWEEN_S = 1.0
"""Between the two signals of a stop at once: two that arrive together count as one."""


def stop_driver(paths: StudyPaths, *, now: bool) -> Holder:
    """Asks whoever works on the study to stop.

    Args:
        paths: Files of the study, among them the lock that names its driver.
        now: At once, instead of when what is training has finished.

    Returns:
        Who was asked.

    Raises:
        InputError: If nobody works on it, or somebody whom a signal from here does not reach.
    """
    held = look(paths.lock)
    if held is None:
        raise InputError(f"study {paths.study} is not being run")
    if held.holder is None:
        raise InputError(f"study {paths.study} has only just been started; try again")
    holder = held.holder
    if not holder.machine or holder.machine != this_process(paths.home).machine:
        raise InputError(
            f"study {paths.study} is being run by {holder}, which a signal from here does not "
            "reach; stop it there"
        )
    try:
        os.kill(holder.pid, signal.SIGINT)
        if now:
            time.sleep(BETWEEN_S)
            if look(paths.lock) is not None:
                os.kill(holder.pid, signal.SIGINT)
    except ProcessLookupError:
        pass  # It has ended just now.
    except PermissionError:
        raise InputError(
            f"study {paths.study} is being run by {holder}, whom you may not stop"
        ) from None
    return holder
