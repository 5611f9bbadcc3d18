"""What can go wrong with the tables themselves."""

from __future__ import annotations

import errno
from pathlib import Path


class TableError(ValueError):
    """Rows or a file that break the schema; the message names the table, column and rule."""


class TableWriteError(OSError):
    """A table part could not be written; nothing of it counts as recorded.

    ``errno`` is the system's (``ENOSPC`` for a full disk), so callers can wait or spool.
    """


def write_error(path: Path, cause: OSError) -> TableWriteError:
    """The error of a failed write, with the cure where one is known.

    Args:
        path: The file that was to be written.
        cause: What the system said.
    """
    cure = {
        errno.ENOSPC: "the disk is full; free space and run the study again to continue it",
        errno.EDQUOT: "the disk quota is used up; free space and run the study again",
        errno.EACCES: "the folder is not writable; choose another with --home",
        errno.EPERM: "the folder is not writable; choose another with --home",
        errno.EROFS: "the file system is read-only; choose another home with --home",
    }.get(cause.errno or 0, cause.strerror or str(cause))
    return TableWriteError(cause.errno or errno.EIO, f"cannot write tables: {cure}", str(path))
