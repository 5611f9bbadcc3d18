"""Parts that cannot be read: found, set aside, and which trials they held.

    <folder>/damaged/{trials,steps,layers,runs}/part-<name>.parquet

A part whose files are not all whole is set aside with all of them, the commit mark first: its
trials are then recorded no longer, and the study's next run trains them again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from study.errors import PartDamaged, TableError
from study.tables.files import part_names, part_path, read_footer, read_part
from study.tables.staging import write_error

FOLDER = "damaged"

ALL_READ_MB = 64.0
"""Tables up to this size are read whole; of larger ones what each file says of itself."""

_OF_PARTS = ("trials", "steps", "layers")


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What parts that were set aside held.

    Attributes:
        trials: Numbers of trials, as far as one of their files can be read.
        unknown: Whether there are parts of which none can be read.
    """

    trials: frozenset[int]
    unknown: bool


def set_aside_damaged(folder: Path) -> dict[Path, str]:
    """Takes damaged parts out of the tables; for the process that holds the study.

    Args:
        folder: Folder of the tables.

    Returns:
        Why, by the file that is damaged, where it was.

    Raises:
        TableWriteError: If a file cannot be moved.
    """
    found = _damaged(folder)
    try:
        for path in found:
            of_part = path.parent.name in _OF_PARTS
            for table in _OF_PARTS if of_part else (path.parent.name,):
                _move(folder / table / path.name, folder / FOLDER / table)
    except OSError as error:
        raise write_error(folder / FOLDER, error) from error
    return found


def lost_trials(folder: Path) -> Lost:
    """Which trials were in the parts that were set aside, by this run or an earlier one."""
    trials: set[int] = set()
    unknown = False
    aside = folder / FOLDER
    for name in set().union(*(part_names(aside / table) for table in _OF_PARTS)):
        held = [_trials(part_path(aside / table, name)) for table in _OF_PARTS]
        known = [each for each in held if each is not None]
        trials.update(*known)
        unknown = unknown or not known
    return Lost(trials=frozenset(trials), unknown=unknown)


def damaged_text(found: Mapping[Path, str]) -> str:
    """What a person has to know of parts that were set aside."""
    first, reason = next(iter(found.items()))
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f"{reason}{others}; set aside in {first.parents[1] / FOLDER}, and what they held is made "
        "again"
    )


def _move(path: Path, into: Path) -> None:
    if path.exists():
        into.mkdir(parents=True, exist_ok=True)
        os.replace(path, into / path.name)


def _damaged(folder: Path) -> dict[Path, str]:
    done = part_names(folder / "trials")
    paths = [
        part_path(folder / table, name)
        for table in (*_OF_PARTS, "runs")
        for name in sorted(part_names(folder / table))
        if name in done or table == "runs"
    ]
    whole = sum(path.stat().st_size for path in paths) <= ALL_READ_MB * 1e6
    found = {}
    for path in [*paths, *_missing(folder, done)]:
        try:
            if whole:
                read_part(path)
            else:
                read_footer(path)
        except PartDamaged as error:
            found[path] = str(error).partition("; ")[0]
    return found


def _missing(folder: Path, done: set[str]) -> list[Path]:
    return [
        part_path(folder / table, name)
        for table in ("steps", "layers")
        for name in sorted(done - part_names(folder / table))
    ]


def _trials(path: Path) -> set[int] | None:
    try:
        return set(read_part(path, ["trial"]).column("trial").to_pylist())
    except (TableError, KeyError):
        return None
