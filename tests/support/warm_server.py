"""Forks processes from one that has imported their libraries already.

    python -m tests.support.warm_server NAME

reads one request a line from its standard input, as JSON: module, arguments, folder, environment,
files for output and errors, and a file for how it ended. It answers with the process's number, and
writes the exit code to that file, negative for a signal, as `subprocess` counts. At the abstract
socket NAME `forked_pythons/sitecustomize` asks for what a Python was started for. A child is a
session of its own, like one that was started; nothing was run in its parent but imports.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tests.support.forked_child import leave, run_command, run_script
from tests.support.mlflow_tables import copy_them

IMPORTED = (
    "study.commands.app",
    "study.commands.run",
    "study.run.run_study",
    "study.run.scaling",
    "study.monitoring.live_page",
    "study.study_file.loading",
    "study.worker.cohort_trainer",
    "study.tables",
    "analysis.report.write",
    "filelock",
    "fsspec",
    "jsonschema",
    "mlflow",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "msgpack",
    "optuna",
    "pandas",
    "pdb",
    "pyarrow.fs",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pydantic",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.datasets",
    "sqlalchemy",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "torch",
)
"""What nearly every run imports, and what Ray's workers do.

Ray is left out: its library looks at the environment once, when it is loaded.
"""


class Server:
    """Forks what it is asked for, and says how it ended.

    Args:
        name: Of the socket at which `forked_pythons/sitecustomize` asks; abstract, so that nobody
            in another network namespace meets it.
    """

    def __init__(self, name: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"\0{name}")
        self._listener.listen(64)
        self._commands: dict[int, Path] = {}
        self._scripts: dict[int, socket.socket] = {}

    def serve(self) -> int:
        """Takes requests until its standard input ends."""
        while True:
            sources = [sys.stdin, self._listener, *self._scripts.values()]
            waits = bool(self._commands or self._scripts)
            readable, _, _ = select.select(sources, [], [], 0.02 if waits else None)
            for source in readable:
                if source is sys.stdin:
                    line = sys.stdin.readline()
                    if not line:
                        return 0
                    self._start_command(json.loads(line))
                elif source is self._listener:
                    self._start_script(self._listener.accept()[0])
                else:
                    self._pass_on(source)
            self._note_ends()

    def _start_command(self, request: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            self._forget()
            leave(run_command(request))
        self._commands[pid] = Path(request["ended"])
        print(pid, flush=True)

    def _start_script(self, connection: socket.socket) -> None:
        line, files, _, _ = socket.recv_fds(connection, 2**16, 3)
        while not line.endswith(b"\n"):
            more = connection.recv(2**16)
            if not more:
                return
            line += more
        pid = os.fork()
        if pid == 0:
            self._forget()
            connection.close()
            leave(run_script(json.loads(line), files))
        for file in files:
            os.close(file)
        self._scripts[pid] = connection

    def _pass_on(self, connection: socket.socket) -> None:
        """A signal, or the end: whoever kills what stands for a process means the process."""
        pid = next(pid for pid, known in self._scripts.items() if known is connection)
        for number in connection.recv(16) or (signal.SIGKILL,):
            os.kill(pid, number)
            if number == signal.SIGKILL:
                os.waitpid(pid, 0)
                self._scripts.pop(pid).close()

    def _note_ends(self) -> None:
        for pid in [*self._commands, *self._scripts]:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            code = os.waitstatus_to_exitcode(status)
            if pid in self._commands:
                note(self._commands.pop(pid), code)
                continue
            with self._scripts.pop(pid) as connection, contextlib.suppress(OSError):
                connection.sendall(str(code).encode())

    def _forget(self) -> None:
        """In a child: nobody else's ends are to be kept open by it."""
        self._listener.close()
        for connection in self._scripts.values():
            connection.close()


def note(file: Path, code: int) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(str(code))
    partial.replace(file)


def main() -> int:
    for module in IMPORTED:
        importlib.import_module(module)
    copy_them()
    # A collection in a child would write to each object, and so copy the parent's memory.
    gc.collect()
    gc.freeze()
    server = Server(sys.argv[1])
    print("ready", flush=True)
    return server.serve()


if __name__ == "__main__":
    sys.exit(main())
