"""A PostgreSQL on loopback, of the tests' own, that they stop and start again."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

INSTALL = "apt-get install postgresql, and pip install psycopg[binary]"

NOT_ROOT = "nobody"
"""Who runs the server where the tests run as root, which PostgreSQL refuses."""


class PostgresServer:
    """A cluster with a folder of its own, at the same address whenever it runs.

    Args:
        programs: Folder of initdb and pg_ctl.
        folder: Empty; its path is short, because a socket's path may hold 107 characters.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._folder = folder
        self._names = itertools.count()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        if os.geteuid() == 0:
            owner = pwd.getpwnam(NOT_ROOT)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        # UTF8 whatever this machine's language: of SQL_ASCII drivers get bytes.
        encoding = ("--encoding=UTF8", "--locale=C.UTF-8")
        account = ("-U", "gradscape", "--auth=trust", "--no-sync")
        self._do("initdb", "-D", self._data, *account, *encoding)

    def start(self) -> None:
        """Returns when it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=50 "
            f"-c unix_socket_directories={self._folder}"
        )
        log = self._folder / "log"
        self._do("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """At once, as when its machine fails; or "fast", as an administrator does."""
        self._do("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    @property
    def pid(self) -> int:
        """Its number while it runs."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def new_url(self) -> str:
        """The address of a new, empty data base."""
        name = f"test_{next(self._names)}"
        with self._administrator() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        return f"{self._url}/{name}"

    def connections(self, url: str) -> int:
        """How many there are to a data base."""
        name = url.rpartition("/")[2]
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
        with self._administrator() as connection:
            return int(connection.execute(sa.text(count), {"name": name}).scalar_one())

    @property
    def _url(self) -> str:
        return f"postgresql://gradscape@127.0.0.1:{self.port}"

    def _administrator(self) -> sa.Connection:
        engine = sa.create_engine(f"{self._url}/postgres", poolclass=sa.NullPool)
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _do(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *(str(one) for one in arguments)]
        user = NOT_ROOT if os.geteuid() == 0 else None
        done = subprocess.run(
            command,
            cwd=self._folder,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # pg_ctl's server keeps it open: a pipe would never end.
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """A running server; skipped where there is none, failed on CI."""
    if _programs() is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with postgres_server() as server:
        yield server


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server.

    Raises:
        FileNotFoundError: If there is none on this machine; it says what installs it.
    """
    programs = _programs()
    if programs is None:
        raise FileNotFoundError(INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        server = PostgresServer(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(postgresql_server: PostgresServer) -> Iterator[PostgresServer]:
    """The same for one test, with which the connections end that it leaves open."""
    opened: list[DBAPIConnection] = []

    def note(connection: DBAPIConnection, record: object) -> None:
        if type(connection).__module__.startswith("psycopg"):
            opened.append(connection)

    sa.event.listen(sa.Pool, "connect", note)
    yield postgresql_server
    sa.event.remove(sa.Pool, "connect", note)
    for connection in opened:
        connection.close()


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> str:
    """The address of an empty data base."""
    return postgresql.new_url()


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return None if on_path is None else Path(on_path).parent
