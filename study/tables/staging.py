"""Where a writer's files are made before they are moved into the tables.

    <tables>/.staging/<writer>/    unfinished files of one writer

A check of the lease before a file is moved leaves a gap: a process may be frozen between the two
and wake up when the study is somebody else's. Here the file system closes it. Whoever takes the
study over first removes the folders of all earlier writers, so that a move that comes later
finds nothing to move, wherever its process stood.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from study.errors import TableWriteError

FOLDER = ".staging"

Buffer = bytes | memoryview


class Staging:
    """A writer's own folder; made by `claim_staging`.

    Args:
        folder: Folder of this writer alone; it exists.
        check: Raises if the study is somebody else's; called right before each move.
    """

    def __init__(self, folder: Path, check: Callable[[], None]) -> None:
        self._folder = folder
        self._check = check

    def write(self, path: Path, content: Buffer) -> None:
        """Writes a file so that a crash at any moment leaves the whole file or none.

        Args:
            path: Where the finished file goes, on the same file system; its folder exists.
            content: Bytes of the whole file.

        Raises:
            OSError: If the system refuses.
            Exception: What `check` raises; the finished file is not there then.
        """
        unfinished = self._folder / f"{path.parent.name}-{path.name}.tmp"
        try:
            move_into_place(content, unfinished, path, check=self._check)
        except FileNotFoundError:
            self._check()  # The folder was removed: this says by whom.
            raise


@contextmanager
def claim_staging(
    tables: Path, writer: str, *, check: Callable[[], None] = lambda: None
) -> Iterator[Staging]:
    """Makes this process the only one that can add files to the tables.

    Args:
        tables: Folder of the tables; the study that they belong to is held.
        writer: A name that no writer had before, fit for a folder.
        check: Raises if the study is somebody else's.

    Raises:
        TableWriteError: If the folder cannot be made.
    """
    root = tables / FOLDER
    own = root / writer
    try:
        own.mkdir(parents=True)
        for earlier in root.iterdir():
            if earlier != own:
                _take_away(earlier, writer)
    except OSError as error:
        raise write_error(own, error) from error
    try:
        yield Staging(own, check)
    finally:
        shutil.rmtree(own, ignore_errors=True)
        for folder in (root, tables):  # Unless there is something in them.
            with contextlib.suppress(OSError):
                folder.rmdir()


def _take_away(folder: Path, writer: str) -> None:
    # Renamed first: removing takes several steps, in between which files could be added.
    gone = folder.with_name(f"{folder.name[:32]}.taken-by-{writer}")
    with contextlib.suppress(FileNotFoundError):  # Its own writer has just removed it.
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def move_into_place(
    content: Buffer, unfinished: Path, path: Path, *, check: Callable[[], None] = lambda: None
) -> None:
    """Writes a file under one name and, once it is safe on disk, moves it to another.

    Args:
        content: Bytes of the whole file.
        unfinished: Where it is written; removed again if that fails.
        path: Where it is moved to.
        check: Called right before the move.
    """
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        check()
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except BaseException:
        # The first error is the one to tell.
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    # Without this, a power cut could keep the commit mark and lose the parts renamed before it.
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_error(path: Path, cause: OSError) -> TableWriteError:
    """The error of a failed write, with the cure where one is known."""
    cure = {
        errno.ENOSPC: "the disk is full; free space and run the study again to continue it",
        errno.EDQUOT: "the disk quota is used up; free space and run the study again",
        errno.EACCES: "the folder is not writable; choose another with --home",
        errno.EPERM: "the folder is not writable; choose another with --home",
        errno.EROFS: "the file system is read-only; choose another home with --home",
    }.get(cause.errno or 0, cause.strerror or str(cause))
    return TableWriteError(cause.errno or errno.EIO, f"cannot write tables: {cure}", str(path))
