"""Commands as processes that are forked from one with the libraries imported, as tests start many.

Importing torch, MLflow, Optuna and pandas takes a command five seconds of a core. What a forked
one does, prints and leaves is the same; that it starts at all is what
`tests/end_to_end/test_acceptance` sees, whose commands are not forked.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.repository import ROOT

FORKS = f"gradscape-tests-{os.getpid()}"
"""Name at which the server takes what is to be one of Ray's workers."""


class WarmProcess:
    """A forked command; the part of `subprocess.Popen` that tests use.

    Attributes:
        pid: Its number, which is its session's too.
        returncode: How it ended, negative for a signal; None while it runs.
    """

    def __init__(self, pid: int, ended: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        if self.returncode is None and self._ended.exists():
            self.returncode = int(self._ended.read_text())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def forks() -> dict[str, str]:
    """Variables with which Ray's workers are forked too, for whatever starts Ray.

    Two thirds of what a worker takes of a core until it has trained a small cohort are imports.
    """
    _server()
    folders = ROOT / "tests" / "support" / "forked_pythons", ROOT
    return {"GRADSCAPE_TEST_FORKS": FORKS, "PYTHONPATH": os.pathsep.join(map(str, folders))}


@contextlib.contextmanager
def forked_workers() -> Iterator[None]:
    """Around the start of a Ray by this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in forks().items():
            patch.setenv(name, value)
        yield


def start(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    out: Path,
    err: Path,
    module: str = "study",
) -> WarmProcess:
    """Starts `python -m study` with these arguments; the files for its output must exist.

    So it does `python -m mlflow`, with `server` as the first argument.
    """
    ended = out.with_name("ended")
    request = {
        "module": module,
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
        "out": str(out),
        "err": str(err),
        "ended": str(ended),
    }
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return WarmProcess(int(server.stdout.readline()), ended)


@functools.cache
def _server() -> subprocess.Popen[str]:
    """The process that forks, one for each of pytest's own."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm_server", FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            # Children show theirs in its place.
            "GRADSCAPE_TEST_ROOM": "-" * 20_000,
        },
        # A Ctrl-C in the terminal is pytest's to act on.
        start_new_session=True,
    )
    assert server.stdout is not None and server.stdout.readline() == "ready\n"
    atexit.register(server.terminate)
    return server
