"""An MLflow server on loopback that tests stop and start again."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.error import URLError
from urllib.request import urlopen

from tests.support import warm
from tests.support.mlflow_tables import make_tables

START_S = 300.0


class MlflowServer:
    """A server with a data base of its own, at the same address whenever it runs.

    Args:
        folder: For what it writes.
        backend: URL of its data base; SQLite in the folder by default.
        options: More of its command line.
        environment: More of its environment.
    """

    def __init__(
        self,
        folder: Path,
        *,
        backend: str | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self._options = options
        self._environment = environment
        if backend is None:
            backend = f"sqlite:///{folder / 'server.db'}"
            make_tables(folder / "server.db")
        self._backend = backend
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._port = one.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self._port}"
        self._process: warm.WarmProcess | None = None

    def start(self) -> None:
        """Returns when it answers."""
        arguments = ["server", "--workers", "1", "--backend-store-uri", self._backend]
        arguments += ["--artifacts-destination", str(self.folder / "artifacts")]
        arguments += ["--host", "127.0.0.1", "--port", str(self._port), *self._options]
        said = Path(tempfile.mkdtemp(prefix="said-", dir=self.folder)) / "said"
        said.touch()
        self._process = warm.start(
            arguments,
            folder=self.folder,
            environment={
                **os.environ,
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                **self._environment,
            },
            out=said,
            err=said,
            module="mlflow",
        )
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)

    @property
    def pid(self) -> int:
        """Its number while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """At once, as when its machine fails; without effect when it is down."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and says nothing any more."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.uri}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
