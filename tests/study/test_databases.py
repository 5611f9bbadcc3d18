"""Engines that time out, and asking for a data base that is not there."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from study.databases import connect_arguments, driver_reason, has_table, is_new_file, make_engine


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+pymysql", "mysql+mysqldb"])
def test_a_server_is_waited_for_so_long_and_no_longer(driver: str) -> None:
    assert connect_arguments(f"{driver}://ann@db/x")["connect_timeout"] == 10
    assert connect_arguments(f"{driver}://ann@db/x", connect_s=4)["connect_timeout"] == 4


def test_a_driver_that_is_not_known_gets_no_arguments_it_may_not_take() -> None:
    assert connect_arguments("mssql+pyodbc://db/x") == {}


def test_a_server_that_says_nothing_times_out() -> None:
    # Once looking for Optuna's tables had no time limit and hung on such a server.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql+psycopg://ann@127.0.0.1:{silent.getsockname()[1]}/x"
        begun = time.monotonic()
        with pytest.raises(sa.exc.OperationalError) as caught:
            make_engine(url, connect_s=2).connect()
        assert time.monotonic() - begun < 60
        assert "timeout" in driver_reason(caught.value)


def test_looking_for_an_sqlite_file_does_not_make_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    url = f"sqlite:///{path}"
    assert is_new_file(url) and not has_table(url, "studies") and not path.exists()
    with make_engine(url).begin() as connection:
        connection.execute(sa.text("CREATE TABLE studies (number INTEGER)"))
    assert not is_new_file(url) and has_table(url, "studies") and not has_table(url, "others")
