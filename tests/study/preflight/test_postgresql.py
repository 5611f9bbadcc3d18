"""A PostgreSQL that takes a study's results, and the ways in which it does not."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa

from tests.study.preflight.test_files import found
from tests.support.postgresql import PostgresServer


def execute(url: str, *statements: str) -> list[str]:
    """Runs statements; the tables that are there afterwards."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
        return sorted(sa.inspect(connection).get_table_names())


def problem(folder: Path, url: str) -> str | None:
    return found(folder, storage=url)["storage"].problem


def test_an_empty_data_base_and_one_with_a_study_are_fine_and_stay_as_they_are(
    tmp_path: Path, postgresql_url: str
) -> None:
    assert problem(tmp_path, postgresql_url) is None
    assert execute(postgresql_url) == []
    optuna.create_study(storage=postgresql_url, study_name="s")
    tables = execute(postgresql_url)
    assert problem(tmp_path, postgresql_url) is None
    assert execute(postgresql_url) == tables
    assert optuna.get_all_study_names(storage=postgresql_url) == ["s"]


def test_an_account_that_may_not_write(tmp_path: Path, postgresql_url: str) -> None:
    execute(postgresql_url, "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    reader = postgresql_url.replace("gradscape@", "reader@")
    said = problem(tmp_path, reader)
    assert said is not None and said.startswith("permission denied for schema public; make its")
    optuna.create_study(storage=postgresql_url, study_name="s")
    said = problem(tmp_path, reader)
    assert said is not None and said.startswith("permission denied for table studies; make its")


def test_a_server_that_takes_no_writes(tmp_path: Path, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    execute(postgresql_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    said = problem(tmp_path, postgresql_url)
    assert said is not None and "in a read-only transaction; choose the server that" in said


def test_a_data_base_whose_texts_are_bytes(tmp_path: Path, postgresql_url: str) -> None:
    """So are all of a server that was set up in the language C; MLflow fails on them."""
    create = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'"
    execute(postgresql_url, "DROP DATABASE IF EXISTS ascii", create)
    said = problem(tmp_path, f"{postgresql_url.rpartition('/')[0]}/ascii")
    assert said is not None and said.startswith("its encoding is SQL_ASCII")


def test_a_data_base_or_an_account_that_is_not_there(
    tmp_path: Path, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    at = f"127.0.0.1:{postgresql.port}"
    absent = found(tmp_path, storage=f"postgresql://gradscape:${{SECRET}}@{at}/absent")["storage"]
    assert absent.text == (
        f"storage   postgresql://gradscape:***@{at}/absent: FATAL: database "
        '"absent" does not exist; make it, for example with createdb'
    )
    nobody = problem(tmp_path, f"postgresql://ann@{at}/postgres")
    assert nobody is not None and 'role "ann" does not exist' in nobody


@pytest.mark.slow
def test_a_server_that_is_away_or_says_nothing_is_told_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        port = mute.getsockname()[1]
        said = problem(tmp_path, f"postgresql://ann@127.0.0.1:{port}/optuna")
        assert said is not None and "Connection refused" in said
        assert said.endswith("does it run there, and listen on this address and port?")
        mute.listen()
        started = time.monotonic()
        said = problem(tmp_path, f"postgresql://ann@127.0.0.1:{port}/optuna")
        assert time.monotonic() - started < 60
    assert said is not None and "timeout" in said
    assert said.endswith("does its firewall let this machine through?")
