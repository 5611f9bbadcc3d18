"""Whether a data base can be reached and written; nothing is left in it."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Collection
from pathlib import Path
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from study.databases import driver_reason, make_engine
from study.preflight.folders import folder_problem
from study.secrets import redacted

CONNECT_S = 4

_NOT_TEXT = (
    "its encoding is SQL_ASCII, of which psycopg makes bytes; make one of UTF8, for example with "
    "createdb --encoding=UTF8 --locale=C.UTF-8 --template=template0"
)

_CURES = (
    ("name or service not known", "is the host's name right?"),
    ("could not translate host name", "is the host's name right?"),
    ("failed to resolve host", "is the host's name right?"),
    ("connection refused", "does it run there, and listen on this address and port?"),
    ("timeout", "does the host run, and does its firewall let this machine through?"),
    ("timed out", "does the host run, and does its firewall let this machine through?"),
    ("password", "set the variables that the study file names to its user and password"),
    ("does not exist", "make it, for example with createdb"),
    ("read-only", "choose the server that takes writes"),
    (
        "permission denied",
        "make its user the data base's owner, or GRANT CREATE and writing to it",
    ),
    ("no module named", "pip install 'gradscape[postgresql]', or your data base's driver"),
)
"""What helps, by what the driver says in small letters; the first that fits."""


OPTUNA, MLFLOW = "studies", "experiments"
"""A table of each, by which its data base is known."""

_OWNERS = MappingProxyType({OPTUNA: "Optuna", MLFLOW: "MLflow"})


def database_problem(url: str, *, table: str) -> str | None:
    """Why a data base cannot be used; None if it can.

    Args:
        url: Address as SQLAlchemy takes it, password included.
        table: `OPTUNA` or `MLFLOW`. If it is there it must be writable, else tables must be
            allowed to be made.
    """
    try:
        where = make_url(url)
        if where.get_backend_name() == "sqlite":
            return _sqlite_problem(where, table)
        return _server_problem(where, table)
    except Exception as error:
        if isinstance(error, TypeError) and "bytes-like" in str(error):
            return _NOT_TEXT  # SQLAlchemy fails so as soon as it connects.
        return redacted(_with_cure(driver_reason(error)), url)


def _with_cure(text: str) -> str:
    """A driver's reason, and what helps where that is known."""
    cure = next((cure for sign, cure in _CURES if sign in text.lower()), None)
    return text if cure is None else f"{text}; {cure}"


def _sqlite_problem(where: URL, table: str) -> str | None:
    if not where.database or where.database == ":memory:":
        return "a data base in memory is gone when the study ends; name a file"
    path = Path(where.database)
    # Of MLflow's file the folder is made by `run`.
    if table == OPTUNA and not path.parent.is_dir():
        return f"its folder {path.parent} does not exist; make it"
    problem = folder_problem(path.parent)
    if problem is not None or not path.exists():
        return problem
    connection = sqlite3.connect(path, timeout=CONNECT_S, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return _mixed_up([name for (name,) in rows], table)
    except sqlite3.Error as error:
        return f"{error}; another program may be writing to it, or it is no SQLite file"
    finally:
        connection.close()


def _server_problem(where: URL, table: str) -> str | None:
    engine = make_engine(where, connect_s=CONNECT_S)
    with engine.connect() as connection:
        if where.get_backend_name() == "postgresql":
            connection.execute(sa.text(f"SET statement_timeout = {1000 * CONNECT_S}"))
        tables = sa.inspect(connection).get_table_names()
        if table in tables:
            _write(connection, table)
        else:
            _make_table(connection)
    return _mixed_up(tables, table)


def _mixed_up(tables: Collection[str], table: str) -> str | None:
    """Both programs keep a table alembic_version, and each takes the other's for its own."""
    others = [name for own, name in _OWNERS.items() if own != table and own in tables]
    if table in tables or not others:
        return None
    return f"it holds the tables of {others[0]}; {_OWNERS[table]} needs a data base of its own"


def _write(connection: sa.Connection, table: str) -> None:
    """Changes no row, which takes the same rights and is refused by the same servers."""
    column = sa.inspect(connection).get_columns(table)[0]["name"]
    quoted = connection.dialect.identifier_preparer.quote
    name, key = quoted(table), quoted(column)
    connection.execute(sa.text(f"UPDATE {name} SET {key} = {key} WHERE 1 = 0"))
    connection.rollback()


def _make_table(connection: sa.Connection) -> None:
    name = f"gradscape_check_{uuid.uuid4().hex}"
    connection.execute(sa.text(f"CREATE TABLE {name} (number INTEGER)"))
    try:
        connection.execute(sa.text(f"INSERT INTO {name} VALUES (1)"))
    except SQLAlchemyError:
        connection.rollback()
        raise
    finally:
        # Where making a table is part of the transaction, the rollback removes it.
        connection.rollback()
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
        connection.commit()
