"""MLflow's data base as a file: made whole or not at all, and known when it is broken.

MLflow makes its tables by all migrations since its first version, in many transactions of their
own. A process that dies meanwhile leaves a file that no later one can use, and two processes that
begin together get in each other's way. Here the file is made beside its path, under a lock, and
moved there when it is done.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from study.databases import make_engine
from study.errors import BrokenDatabase, TrackingUnavailable

LOCK_S = 60.0
"""How long another process may take to make the file; it takes seconds."""

QUICK_CHECK_MB = 64.0
"""Files up to this size are looked through when they are opened, which takes some tenths."""

_BESIDE = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside one."""

_BROKEN = ("malformed", "not a database", "disk image", "unsupported file format")


def prepare(path: Path, *, set_aside: bool, on_notice: Callable[[str], None]) -> None:
    """Makes MLflow's data base unless it is there.

    Args:
        path: The SQLite file.
        set_aside: Whether a broken file may be renamed and replaced by an empty one: what was in
            it is delivered again from the tables.
        on_notice: Called with what became of a broken file.

    Raises:
        BrokenDatabase: If the file is broken and may not be set aside.
        TrackingUnavailable: If another process keeps it locked.
        OSError: If the folder cannot be written.
        sqlite3.Error: If the file is locked, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path.with_name(f"{path.name}.lock")):
        for left in path.parent.glob(f"{_glob(path.name)}.making-*"):
            left.unlink(missing_ok=True)
        problem = _problem(path) if _is_made(path) else None
        if problem is not None:
            if not set_aside:
                raise BrokenDatabase(broken_text(path, problem))
            aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
            move_aside(path, aside)
            on_notice(
                f"{path} was broken ({problem}) and is now {aside.name}; another is made, and "
                "the runs of each study come back from its tables: the next `gradscape run`, or "
                "`gradscape deliver`, of the study delivers them"
            )
        if not _is_made(path):
            _make(path)


def broken_text(path: Path, problem: str) -> str:
    """What a person is to do about a file that is theirs."""
    return (
        f"{path} is broken ({problem}); move it away: the next `gradscape run`, or `gradscape "
        "deliver`, makes another and delivers the runs again from the tables"
    )


def is_broken(error: BaseException) -> bool:
    """Whether an error says that an SQLite file is damaged."""
    text = str(error).lower()
    return any(sign in text for sign in _BROKEN)


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room for what SQLite was to write."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or "database or disk is full" in str(error).lower()


def move_aside(path: Path, aside: Path) -> None:
    """Renames a data base with what SQLite keeps beside it."""
    for end in ("", *_BESIDE):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{end}", f"{aside}{end}")


def _is_made(path: Path) -> bool:
    # SQLite makes an empty file for whoever only looks.
    return path.exists() and path.stat().st_size > 0


def _problem(path: Path) -> str | None:
    """What keeps MLflow from using the file; None if nothing does, or only its version."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            # SQLite remembers it: the UI reads while a study writes.
            connection.execute("PRAGMA journal_mode=WAL")
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if path.stat().st_size < QUICK_CHECK_MB * 1e6:
                (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    return str(found).splitlines()[0]
            if "alembic_version" not in tables:
                return None if not tables else "its tables were never finished"
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if is_broken(error):
            return str(error)
        raise  # Locked, or the disk is full: another time.
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return str(error)
    return _unfinished(path, None if version is None else str(version[0]))


def _unfinished(path: Path, version: str | None) -> str | None:
    """Whether migrations were broken off within: then they cannot be gone on with."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    script = ScriptDirectory.from_config(utils._get_alembic_config(db_url=""))
    known = {revision.revision for revision in script.walk_revisions()}
    if version == script.get_current_head() or (version is not None and version not in known):
        return None  # Of this MLflow, or of a later one, which MLflow says itself.
    copy = path.with_name(f"{path.name}.making-{os.getpid()}")
    try:
        with (
            closing(sqlite3.connect(path, timeout=30)) as old,
            closing(sqlite3.connect(copy)) as new,
        ):
            old.backup(new)
        _upgrade(copy)
    except (sa.exc.SQLAlchemyError, sqlite3.DatabaseError) as error:
        return f"its tables were never finished: {str(error).splitlines()[0]}"
    finally:
        copy.unlink(missing_ok=True)
    return None


def _make(path: Path) -> None:
    unfinished = path.with_name(f"{path.name}.making-{os.getpid()}")
    try:
        _upgrade(unfinished)
        with closing(sqlite3.connect(unfinished)) as connection:
            # SQLite remembers it: the UI reads while a study writes.
            connection.execute("PRAGMA journal_mode=WAL")
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        for end in _BESIDE:  # Of a file that somebody deleted.
            Path(f"{path}{end}").unlink(missing_ok=True)
        os.replace(unfinished, path)
    finally:
        for end in ("", *_BESIDE):
            Path(f"{unfinished}{end}").unlink(missing_ok=True)


def _upgrade(path: Path) -> None:
    from mlflow.store.db import utils

    url = sa.URL.create("sqlite", database=str(path))
    engine = make_engine(url)
    # A file that is not used until it is done needs no sync for each of hundreds of steps.
    sa.event.listen(engine, "connect", _without_sync)
    utils._initialize_tables(engine)


def _without_sync(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _glob(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with open(path, "a") as file:
        patient_until = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > patient_until:
                    raise TrackingUnavailable(
                        f"another process has held {path} for {LOCK_S:.0f} s"
                    ) from None
                time.sleep(0.05)
        yield
