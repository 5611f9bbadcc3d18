"""What several of pytest's processes read is made by the first that needs it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], object]) -> Path:
    """A folder of this run of the tests, read-only by agreement.

    Args:
        name: Of the folder.
        factory: Knows where the run's folders lie.
        make: Fills the folder; what it writes must not depend on which process calls it.
    """
    base = factory.getbasetemp()
    # Each process of pytest-xdist has a folder of its own within the run's.
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, partial = root / name, root / f"{name}.partial"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(partial)
            partial.rename(folder)
    return folder
