"""Whether files can be written in a folder, which may have yet to be made."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def folder_problem(folder: Path, *, links: bool = False) -> str | None:
    """Why no files can be made there; None if they can. What is tried is removed again.

    Args:
        folder: If it is missing it could be made where this returns None.
        links: Whether symbolic links must be possible too, by which Optuna locks its journal.
    """
    nearest = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    if not nearest.is_dir():
        return f"{nearest} is no folder"
    try:
        tried = Path(tempfile.mkdtemp(prefix=".gradscape-check-", dir=nearest))
    except OSError as error:
        return f"{nearest} cannot be written: {error.strerror}"
    try:
        (tried / "file").write_bytes(b"x")
        if links:
            (tried / "link").symlink_to(tried / "file")
    except OSError as error:
        return f"{nearest} cannot hold what is needed: {error.strerror}; choose another folder"
    finally:
        shutil.rmtree(tried, ignore_errors=True)
    return None


def journal_problem(path: Path) -> str | None:
    """Why Optuna's journal cannot be written; None if it can."""
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        return "it is no file that can be read and written"
    return folder_problem(path.parent, links=True)
