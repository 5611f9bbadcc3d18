"""The folder that Tune keeps its state in while a study runs, and those of drivers that died."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "gradscape-tune-"

_NAME = re.compile(rf"{PREFIX}(?P<pid>\d+)-\w+")


@contextmanager
def tune_folder() -> Iterator[str]:
    """A folder for the time of the block; what killed drivers left beside it is removed first."""
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        yield folder


def sweep(parent: Path) -> None:
    """Removes the folders of drivers of this user that are no longer there."""
    for folder in parent.glob(f"{PREFIX}*"):
        named = _NAME.fullmatch(folder.name)
        if named is not None and not _runs(int(named["pid"])) and _is_ours(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink()
