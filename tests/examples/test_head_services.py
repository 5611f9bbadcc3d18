"""PostgreSQL and MLflow as the example clusters start them on their head."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support.driver import ROOT
from tests.support.postgresql import INSTALL

pytestmark = pytest.mark.slow

SECRET = "0123456789abcdef"
SCRIPT = ROOT / "examples" / "clusters" / "head_services.sh"


@dataclass(frozen=True, kw_only=True)
class Head:
    """A head's home folder, with services that run."""

    folder: Path
    environment: dict[str, str]
    mlflow: str
    ray: socket.socket

    def do(self, *command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(one) for one in command],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=240,
        )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(INSTALL)
    pytest.importorskip("flask_wtf", reason="pip install 'mlflow[auth]'")
    folder = Path(tempfile.mkdtemp(prefix="head-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / ".gradscape").mkdir()
    text = (SCRIPT.parent / "cluster.env.example").read_text()
    port = free_port()
    for name, value in {
        "POSTGRES_PASSWORD": SECRET,
        "POSTGRES_PORT": free_port(),
        "MLFLOW_TRACKING_PASSWORD": SECRET,
        "MLFLOW_PORT": port,
    }.items():
        text, times = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.M)
        assert times == 1
    (folder / ".gradscape" / "cluster.env").write_text(text)
    ray = socket.create_server(("127.0.0.1", 0))
    environment = {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "POSTGRES_DATA": str(folder / "postgresql"),
        "RAY_HEAD_PORT": str(ray.getsockname()[1]),
        "GRADSCAPE_GRACE_S": "10",
    }
    one = Head(folder=folder, environment=environment, mlflow=f"http://127.0.0.1:{port}", ray=ray)
    try:
        yield one
    finally:
        one.do(SCRIPT, "stop")
        watching = folder / "gradscape-services" / "watch.pid"
        if watching.exists():
            end_group(int(watching.read_text()))
        ray.close()
        shutil.rmtree(folder, ignore_errors=True)


def end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def status(url: str, **headers: str) -> int:
    try:
        with urlopen(Request(url, headers=headers), timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_the_services_of_a_head(head: Head) -> None:
    """In the order in which things happen: they start, take a study, and end with Ray."""
    started = head.do(SCRIPT, "start")
    assert started.returncode == 0, started
    assert "PostgreSQL listens on 127.0.0.1" in started.stdout
    assert "MLflow listens on 127.0.0.1" in started.stdout
    again = head.do(SCRIPT, "start")
    assert again.returncode == 0 and again.stdout == started.stdout

    experiments = f"{head.mlflow}/api/2.0/mlflow/experiments/search?max_results=1"
    assert status(experiments) == 401
    assert status(f"{head.mlflow}/health", Host="evil.example") in (200, 403)
    assert status(experiments, Host="evil.example") == 403

    study = head.folder / "s.yaml"
    study.write_text(
        "study: s\ntask: digits\nnetwork: mlp\nhyperparameters: {depth: [1, 2]}\nsteps: 5\n"
        "trials: 4\nstorage: ${GRADSCAPE_STORAGE}\ntracking_uri: ${GRADSCAPE_TRACKING_URI}\n"
    )
    node = f". {SCRIPT.parent}/node.sh; "
    check = head.do("bash", "-c", node + f"{sys.executable} -m study check s.yaml")
    assert check.returncode == 0, check
    assert re.search(r"^storage +postgresql://gradscape:\*\*\*@.*/optuna: ok$", check.stdout, re.M)
    assert re.search(r"^artifacts +http://127.0.0.1:\d+: ok$", check.stdout, re.M)
    assert SECRET not in check.stdout + check.stderr

    run = head.do("bash", "-c", node + f"{sys.executable} -m study run s.yaml --local-mode")
    assert run.returncode == 0, run
    assert SECRET not in run.stdout + run.stderr
    artifacts = head.folder / "gradscape-services" / "artifacts"
    assert [path.name for path in artifacts.rglob("index.html")] == ["index.html"]
    assert (head.folder / "gradscape-home" / "studies" / "s" / "tables" / "trials").is_dir()

    commands = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True)
    assert SECRET not in commands.stdout

    head.ray.close()
    deadline = time.monotonic() + 240
    while (head.folder / "postgresql" / "postmaster.pid").exists():
        assert time.monotonic() < deadline, "they go on after Ray"
        time.sleep(1)
    with pytest.raises(OSError):
        status(f"{head.mlflow}/health")


def test_a_short_password_is_refused(head: Head) -> None:
    file = head.folder / ".gradscape" / "cluster.env"
    text = file.read_text()
    file.write_text(
        re.sub(
            r"^MLFLOW_TRACKING_PASSWORD=.*$", "MLFLOW_TRACKING_PASSWORD=short", text, flags=re.M
        )
    )
    refused = head.do(SCRIPT, "start")
    file.write_text(text)
    assert refused.returncode == 1
    assert "must have 12 characters or more" in refused.stderr and "short" not in refused.stderr
