"""An MLflow server that takes a study's results, and the ways in which it does not."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import mlflow
import pytest
from mlflow.server import get_app_client

from tests.study.preflight.test_files import found
from tests.support.driver import gradscape
from tests.support.mlflow_server import MlflowServer

pytestmark = pytest.mark.slow

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    one = MlflowServer(tmp_path_factory.mktemp("server"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A server that asks who one is; by default an account may read what others made."""
    pytest.importorskip("flask_wtf", reason="pip install 'mlflow[auth]'")
    folder = tmp_path_factory.mktemp("locked")
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder / 'auth.db'}\n"
        f"admin_username = admin\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    one = MlflowServer(
        folder,
        options=("--app-name", "basic-auth"),
        environment={
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key for this test alone",
        },
    )
    one.start()
    yield one
    one.stop()


def rows(folder: Path) -> dict[str, int]:
    """How many rows the server's tables hold."""
    connection = sqlite3.connect(folder / "server.db")
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    counts = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in names
    }
    connection.close()
    return counts


def test_a_server_that_takes_everything_keeps_nothing_of_it(
    tmp_path: Path, server: MlflowServer
) -> None:
    client = mlflow.MlflowClient(tracking_uri=server.uri)
    for study_exists in (False, True):
        if study_exists:
            client.create_experiment("s")
        before = rows(server.folder)
        findings = found(tmp_path, tracking_uri=server.uri)
        assert [(one.service, one.problem, one.note) for one in findings.values()] == [
            ("storage", None, None),
            ("tracking", None, None),
            ("artifacts", None, None),
        ]
        assert rows(server.folder) == before
        artifacts = server.folder / "artifacts"
        assert [path for path in artifacts.rglob("*") if path.is_file()] == []


def test_a_server_that_does_not_know_itself_by_this_name(
    tmp_path: Path, server: MlflowServer
) -> None:
    other = server.uri.replace("127.0.0.1", "127.1")
    said = found(tmp_path, tracking_uri=other)["tracking"].problem
    port = server.uri.rpartition(":")[2]
    assert said == (
        f"it does not know itself by this name; start it with --allowed-hosts 127.1:{port}"
    )


def test_an_account_is_wanted_and_its_password_is_not_shown(
    tmp_path: Path, locked: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD", raising=False)
    nobody = found(tmp_path, tracking_uri=locked.uri)
    assert list(nobody) == ["storage", "tracking"]
    assert nobody["tracking"].problem == (
        "it wants a user and a password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    admin = found(tmp_path, tracking_uri=locked.uri)
    assert [(one.problem, one.note) for one in admin.values()] == [(None, None)] * 3
    assert all(PASSWORD not in one.text for one in [*nobody.values(), *admin.values()])


def test_an_account_that_may_not_remove_artifacts_leaves_none(
    tmp_path: Path, locked: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    get_app_client("basic-auth", tracking_uri=locked.uri).create_user("ann", PASSWORD)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    findings = found(tmp_path, tracking_uri=locked.uri)
    assert findings["tracking"].problem is None and findings["artifacts"].problem is None
    assert findings["artifacts"].note == (
        "not tried, as this user may not delete what would be tried"
    )
    assert [path for path in (locked.folder / "artifacts").rglob("*") if path.is_file()] == []


def test_an_experiment_of_somebody_else_is_told(
    tmp_path: Path, locked: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    mlflow.MlflowClient(tracking_uri=locked.uri).create_experiment("s")
    get_app_client("basic-auth", tracking_uri=locked.uri).create_user("bob", PASSWORD)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "bob")
    said = found(tmp_path, tracking_uri=locked.uri)["tracking"].problem
    assert said == "this user may not write there; a manager of the server can allow it"


def answering(handle: Callable[[BaseHTTPRequestHandler], None]) -> HTTPServer:
    """A web server that is no MLflow."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=web.serve_forever, daemon=True).start()
    return web


def test_something_else_that_answers(tmp_path: Path) -> None:
    def not_found(request: BaseHTTPRequestHandler) -> None:
        request.send_error(404)

    web = answering(not_found)
    said = found(tmp_path, tracking_uri=f"http://127.0.0.1:{web.server_port}")["tracking"].problem
    web.shutdown()
    assert said == "no MLflow server answers there (/health: HTTP 404)"


def test_a_server_that_is_away_or_hangs_is_told_within_seconds(
    tmp_path: Path, server: MlflowServer
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        said = found(tmp_path, tracking_uri=uri)["tracking"].problem
        assert said is not None and said.startswith("Connection refused; does it run there")
    server.freeze()
    try:
        started = time.monotonic()
        said = found(tmp_path, tracking_uri=server.uri)["tracking"].problem
        assert time.monotonic() - started < 60
    finally:
        server.thaw()
    assert said is not None and said.startswith("it does not answer in time")


def test_check_tells_it_and_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "small.yaml"
    study.write_text(
        "study: s\ntask: digits\nnetwork: mlp\nhyperparameters: {depth: 2}\nsteps: 1\ntrials: 1\n"
        "tracking_uri: http://ann:${SECRET}@127.0.0.1:9\n"
    )
    monkeypatch.setenv("SECRET", "s3cret")
    for more, code in (([], 1), (["--file-only", "--json"], 0)):
        done = gradscape("check", study, *more, folder=tmp_path)
        assert done.code == code, done
        assert ("127.0.0.1:9: Connection refused" in done.out) is (code == 1 and not more)
        assert "s3cret" not in done.out + done.err
