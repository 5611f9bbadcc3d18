"""MLflow's data base where it is an SQLite file: readable while it is written, and fast."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from study.tracking.database.file import prepare


class SqliteFile:
    """The file behind a tracking URI.

    A run takes MLflow about six transactions, each of which SQLite would sync to the disk. Inside
    this process they are synced a group at a time, by `sync`: what came before it survives a
    power cut, as if each had been synced; the death of a process loses nothing either way.

    Args:
        path: The SQLite file; made when missing.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        sa.event.listen(sa.Engine, "connect", self._relax)

    @classmethod
    def of(
        cls,
        tracking_uri: str,
        *,
        set_aside: bool = False,
        on_notice: Callable[[str], None] = lambda notice: None,
    ) -> SqliteFile | None:
        """The file of a tracking URI, made if it is missing; None for others and for servers.

        Args:
            tracking_uri: As MLflow takes it.
            set_aside: Whether a broken file may be replaced, see `prepare`.
            on_notice: Called with what became of a broken file.

        Raises:
            TrackingUnavailable: If the file is broken and may not be replaced.
            OSError: If the folder cannot be made.
            sqlite3.Error: If the file is locked.
        """
        path = sqlite_path(tracking_uri)
        if path is None:
            return None
        prepare(path, set_aside=set_aside, on_notice=on_notice)
        return cls(str(path))

    def sync(self) -> None:
        """What was committed is on the disk when this returns.

        Raises:
            OSError: If the system refuses.
        """
        # The log alone: SQLite itself syncs what it moves from there to the data base. Its locks
        # are on other files, so that closing this one gives none of them up.
        with contextlib.suppress(FileNotFoundError), open(f"{self._path}-wal", "rb") as log:
            os.fsync(log.fileno())

    def close(self) -> None:
        """Leaves later connections as SQLite makes them."""
        self.sync()
        if sa.event.contains(sa.Engine, "connect", self._relax):
            sa.event.remove(sa.Engine, "connect", self._relax)

    def _relax(self, connection: Any, record: object) -> None:
        """For each new connection of this process, MLflow's engine having no setting for it."""
        if not isinstance(connection, sqlite3.Connection):
            return
        files = [row[2] for row in connection.execute("PRAGMA database_list")]
        if files and os.path.realpath(files[0]) == self._path:
            connection.execute("PRAGMA synchronous=NORMAL")


def sqlite_path(tracking_uri: str) -> Path | None:
    """The SQLite file of a tracking URI, as SQLAlchemy reads it; None where there is none."""
    if not tracking_uri.startswith("sqlite:"):
        return None
    database = sa.make_url(tracking_uri).database
    return None if not database or database == ":memory:" else Path(database)
