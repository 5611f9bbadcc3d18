"""Workers write their cohorts' runs into the data base behind an MLflow server, each once."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.driver import PATIENCE_S, Command, write_slow_study
from tests.support.left_behind import assert_once_everywhere
from tests.support.mlflow_server import MlflowServer
from tests.support.postgresql import PostgresServer

TRIAL = 20
"""Of the deepest networks, which train in the middle of the study."""

SLOW_COMMIT = f"""
CREATE FUNCTION wait_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON runs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.name = 'trial-{TRIAL:06d}')
EXECUTE FUNCTION wait_once();
"""
"""The commit of one trial's run takes 4 s, and goes on without whoever asked for it."""

COMMITTING = "SELECT client_port FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'"


@pytest.fixture
def behind(tmp_path: Path, postgresql: PostgresServer) -> Iterator[tuple[str, MlflowServer]]:
    """The data base, and the server of two processes that stands on it."""
    database = postgresql.new_url()
    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server", backend=database, options=["--workers", "2"])
    server.start()
    yield database, server
    server.stop()


@pytest.mark.slow
def test_a_worker_killed_while_it_commits_doubles_nothing(
    tmp_path: Path, behind: tuple[str, MlflowServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, server = behind
    monkeypatch.setenv("RUNS", database)
    tracking = f"tracking_uri: {server.uri}\ntracking: {{database: '${{RUNS}}'}}\n"
    file, home = write_slow_study(tmp_path, extra=tracking), tmp_path / "gradscape"
    engine = sa.create_engine(database, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(SLOW_COMMIT))
        driver = Command("run", file, "--no-report", folder=tmp_path)
        worker = wait_for_commit(connection)
        assert worker != driver.process.pid and name_of(worker).startswith("ray::")
        os.kill(worker, signal.SIGKILL)
    ended = driver.end()
    assert ended.code == 0, ended
    assert "lost" in ended.err and "24 of 24 trials done" in ended.out
    assert_once_everywhere(home, "slow", 24, server.uri)
    assert database not in ended.err + ended.out


def wait_for_commit(connection: sa.Connection) -> int:
    """The process whose commit is under way."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for (port,) in connection.execute(sa.text(COMMITTING)).all():
            if (found := process_at(port)) is not None:
                return found
        time.sleep(0.1)
    raise AssertionError("no worker wrote the run")


def process_at(port: int) -> int | None:
    """The process that a local port belongs to."""
    ends = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{end[9]}]" for end in ends if end[1].endswith(f":{port:04X}")}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(each) in inodes for each in (process / "fd").iterdir()):
                return int(process.name)
    return None


def name_of(process: int) -> str:
    """How a process calls itself."""
    return Path(f"/proc/{process}/cmdline").read_text()
