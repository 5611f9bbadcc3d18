"""One driver at a time works on a study of this machine."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search_spaces.errors import InputError


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Holds the study while the block runs; the system lets go of it when the process dies.

    Args:
        folder: The study's folder, which exists.

    Raises:
        InputError: If another process holds it: who, and since when.
    """
    with open(folder / "driver.lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"study {folder.name} is being run by {_holder(file.read())}; wait for it or "
                "stop it first"
            ) from None
        file.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, file)
        file.flush()
        yield


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
    except ValueError:
        return "another process"  # It holds the lock and has not yet written who it is.
    return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
