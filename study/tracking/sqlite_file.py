"""MLflow's data base where it is an SQLite file: readable while it is written, and fast."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa

_PREFIX = "sqlite:///"


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
    def of(cls, tracking_uri: str) -> SqliteFile | None:
        """The file of a tracking URI; None for another data base or a server.

        Raises:
            OSError: If the folder cannot be made.
            sqlite3.Error: If the file is no SQLite data base, or locked.
        """
        if not tracking_uri.startswith(_PREFIX):
            return None
        path = unquote(tracking_uri[len(_PREFIX) :].partition("?")[0])
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        try:
            # SQLite remembers it: the UI reads while a study writes.
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        return cls(path)

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
