"""Files that appear in their folder together: written elsewhere, then moved."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import AnalysisError

PAGE = "index.html"

_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""What a system says that does not let a report be written."""


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to write into, whose files then replace those of `folder`.

    They are moved one by one, the page last; if writing fails, none is. Other files of `folder`
    are left alone.

    Raises:
        AnalysisError: If `folder` is a file, or the system does not let it be written.
    """
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"the report needs a folder, but {folder} is a file")
    try:
        with _scratch(folder) as scratch:
            yield scratch
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        room = "; free space and give the same command again"
        cure = room if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise AnalysisError(
            f"the report cannot be written to {folder}: {os.strerror(error.errno).lower()}{cure}"
        ) from error


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        yield scratch
        written = [path for path in scratch.rglob("*") if path.is_file()]
        for path in sorted(written, key=lambda path: (path.name == PAGE, path)):
            target = folder / path.relative_to(scratch)
            target.parent.mkdir(exist_ok=True)
            os.replace(path, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8; a lone surrogate in a person's name has no UTF-8 form and becomes "?"."""
    path.write_text(text, encoding="utf-8", errors="replace")


def replace_file(path: Path, text: str) -> None:
    """Writes a text beside its place and moves it there, over an older file of that name.

    Raises:
        AnalysisError: If the file cannot be written; an older one is then left as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_text(scratch, text)
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise AnalysisError(f"cannot write {path}: {error.strerror}") from error
