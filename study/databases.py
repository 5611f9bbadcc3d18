"""A data base by its URL: an engine that times out, and whether the data base is there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

CONNECT_S = 10
"""How long a data base may take to answer a new connection."""

_LOCKED_S = 30
"""For an SQLite file that another process keeps locked."""

_ANSWER_S = 60
"""For MySQL to answer a statement."""


def connect_arguments(url: str | sa.URL, *, connect_s: int = CONNECT_S) -> dict[str, int]:
    """Arguments of the driver's `connect`, so that a server that is unavailable is noticed.

    Args:
        url: Of the data base.
        connect_s: How long it may take to answer a new connection, in seconds.
    """
    driver = sa.make_url(url).get_driver_name()
    if driver in ("psycopg", "psycopg2"):
        return {
            "connect_timeout": connect_s,
            # A server whose machine is lost says nothing: without these a call waits for hours.
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        }
    if driver in ("pymysql", "mysqldb"):
        return {
            "connect_timeout": connect_s,
            "read_timeout": _ANSWER_S,
            "write_timeout": _ANSWER_S,
        }
    if driver == "pysqlite":
        return {"timeout": _LOCKED_S}
    return {}


def make_engine(url: str | sa.URL, *, connect_s: int = CONNECT_S) -> sa.Engine:
    """An engine that connects again each time: a connection that is kept may die meanwhile.

    Args:
        url: Of the data base.
        connect_s: How long it may take to answer a new connection, in seconds.
    """
    arguments = connect_arguments(url, connect_s=connect_s)
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)


def is_new_file(url: str | sa.URL) -> bool:
    """Whether it is an SQLite file that has yet to be made: connecting would make it."""
    where = sa.make_url(url)
    return where.get_backend_name() == "sqlite" and not Path(where.database or "").exists()


def has_table(url: str, table: str) -> bool:
    """Whether the data base is there and has the table; connects, and makes nothing."""
    return not is_new_file(url) and sa.inspect(make_engine(url)).has_table(table)


def driver_reason(error: BaseException) -> str:
    """The line of a driver's error that says what happened, without SQLAlchemy's around it."""
    cause = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    # psycopg names each address that it tried and ends with its own summary.
    line = next((each for each in lines if "failed:" in each), lines[0] if lines else "")
    return line.rpartition("failed: ")[2] or type(cause).__name__
