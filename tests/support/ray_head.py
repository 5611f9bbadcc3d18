"""A Ray head with its dashboard, as `ray start` makes it, for tests that submit jobs to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.support import warm

START_S = 300.0


class RayHead:
    """A head of its own ports and folder, at an address that only this machine reaches.

    Args:
        token: Its token; None for a head that takes jobs from everybody.
        variables: Further environment variables of its processes, and so of its jobs.
        cpus: Logical cores.
        host: Address of its dashboard.
        prefix: Command that runs a command where the head is to be, e.g. in a network namespace.
    """

    def __init__(
        self,
        *,
        token: str | None,
        variables: Mapping[str, str] | None = None,
        cpus: int = 2,
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        # Short, because Ray's sockets lie below it, and in no folder of pytest's.
        self.folder = Path(tempfile.mkdtemp(prefix="gs-ray-", dir="/tmp"))
        self.home = self.folder / "home"
        ports = _free_ports(7)
        self.address = f"http://{host}:{ports[0]}"
        names = ["dashboard-port", "port", "ray-client-server-port", "dashboard-agent-listen-port"]
        names += ["dashboard-agent-grpc-port", "runtime-env-agent-port", "metrics-export-port"]
        command = [*prefix, str(Path(sys.executable).parent / "ray"), "start", "--head", "--block"]
        command += [f"--{name}={port}" for name, port in zip(names, ports, strict=True)]
        command += [f"--node-ip-address={host}", f"--dashboard-host={host}"]
        command += ["--include-dashboard=true", f"--num-cpus={cpus}", "--disable-usage-stats"]
        command += [f"--temp-dir={self.folder / 'r'}", "--object-store-memory=100000000"]
        with (self.folder / "head.log").open("w") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(token, variables or {}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._prefix = prefix
        self._wait()

    def stop(self) -> None:
        """Ends it and every process of its session folder, and removes what it wrote."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        for _ in range(50):
            left = _processes_below(self.folder)
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                break
            time.sleep(0.1)
        self._process.wait()
        # What was just killed may still write a last file: a folder is then not empty.
        for left in range(20, -1, -1):
            done = subprocess.run(["rm", "-rf", str(self.folder)], check=not left)
            if done.returncode == 0:
                break
            time.sleep(0.1)

    def logged(self, text: str) -> list[str]:
        """Names of the files in Ray's log folder that hold a text."""
        found = []
        for path in (self.folder / "r").glob("session_2*/logs/**/*"):
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(path.name)
        return found

    def _environment(self, token: str | None, variables: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name[:4] != "RAY_"}
        mine = {
            # `python` of a job is this interpreter, as on a node with an activated environment.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GRADSCAPE_HOME": str(self.home),
            "OMP_NUM_THREADS": "1",
            "RAY_AUTH_MODE": "disabled" if token is None else "token",
            # Or its workers would wait for all other tests.
            "RAY_worker_niceness": "0",
        }
        if token is not None:
            mine["RAY_AUTH_TOKEN"] = token
        return {**kept, **mine, **warm.forks(), **variables}

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._answers():
            said = (self.folder / "head.log").read_text()
            assert self._process.poll() is None, said
            if time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"no Ray head: {said}")
            time.sleep(0.3)

    def _answers(self) -> bool:
        if self._prefix:
            ask = f"import urllib.request; urllib.request.urlopen('{self.address}/api/version')"
            done = subprocess.run([*self._prefix, sys.executable, "-c", ask], capture_output=True)
            return done.returncode == 0
        try:
            with urlopen(f"{self.address}/api/version", timeout=2):
                return True
        except HTTPError as error:
            return error.code == 401
        except (URLError, OSError):
            return False


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _processes_below(folder: Path) -> list[int]:
    """Processes that name the folder in their command line or run in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes()
                if str(folder).encode() in command + environment:
                    found.append(int(entry.name))
    return found
