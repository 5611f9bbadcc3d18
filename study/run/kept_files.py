"""The small files in which a study keeps what it is: whole or not at all, at whatever disk."""

from __future__ import annotations

from pathlib import Path

from study.tables.staging import move_into_place, write_error


def keep(path: Path, text: str) -> None:
    """Writes a file beside its place and moves it there; the study is held.

    Raises:
        TableWriteError: If the system refuses, as a full disk does.
    """
    try:
        move_into_place(text.encode(), path.with_name(f".{path.name}.tmp"), path)
    except OSError as error:
        raise write_error(path, error) from error
