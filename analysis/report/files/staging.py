"""Files that appear in their folder together: written elsewhere, then moved."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import AnalysisError

PAGE = "index.html"


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to write into, whose files then replace those of `folder`.

    They are moved one by one, the page last; if writing fails, none is. Other files of `folder`
    are left alone.

    Raises:
        AnalysisError: If `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"the report needs a folder, but {folder} is a file")
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
        shutil.rmtree(scratch)


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
