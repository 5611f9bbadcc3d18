"""Folders that are made for an upload: some files of another folder, as they lie there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_MB = 64.0
"""Larger files of a report stay out of the run: a report that opens there needs none of them."""


@contextmanager
def without_large(report: Path) -> Iterator[Path]:
    """A report's folder without files above `LARGEST_MB`: the tables are artifacts already."""
    files = [path for path in sorted(report.rglob("*")) if path.is_file()]
    small = [path for path in files if path.stat().st_size <= LARGEST_MB * 1e6]
    with linked(small, root=report, beside=report.parent) as folder:
        yield folder


@contextmanager
def linked(files: list[Path], *, root: Path, beside: Path) -> Iterator[Path]:
    """A folder of these files as they lie in `root`, by links where the file system has them."""
    with tempfile.TemporaryDirectory(prefix=".uploading-", dir=beside) as folder:
        for file in files:
            target = Path(folder) / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, target)
        yield Path(folder)
