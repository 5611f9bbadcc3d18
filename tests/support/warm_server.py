"""Forks `python -m study` from a process that has imported its libraries already.

    python -m tests.support.warm_server

reads one request a line from its standard input, as JSON: arguments, folder, environment, files
for output and errors, and a file for how it ended. It answers with the process's number, and
writes the exit code to that file, negative for a signal, as `subprocess` counts. The child is a
session of its own, like one that was started; nothing was run in its parent but imports.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import sys
import tempfile
import threading
from pathlib import Path

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
    "mlflow",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "optuna",
    "pandas",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.datasets",
    "sqlalchemy",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "torch",
)
"""What nearly every run imports; Ray is left out, which looks at the environment meanwhile."""


def serve() -> int:
    """Takes requests until its standard input ends."""
    for module in IMPORTED:
        importlib.import_module(module)
    copy_them()
    # A collection in a child would write to each object, and so copy the parent's memory.
    gc.collect()
    gc.freeze()
    children: dict[int, Path] = {}
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], 0.02 if children else None)
        if readable:
            line = sys.stdin.readline()
            if not line:
                return 0
            request = json.loads(line)
            pid = os.fork()
            if pid == 0:
                leave(run(request))
            children[pid] = Path(request["ended"])
            print(pid, flush=True)
        for pid in list(children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                note(children.pop(pid), os.waitstatus_to_exitcode(status))


def note(file: Path, code: int) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(str(code))
    partial.replace(file)


def run(request: dict[str, object]) -> int:
    """What `python -m study` does, in the child."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(str(request[name]), os.O_WRONLY | os.O_APPEND) for name in ("out", "err"))
    for number, file in enumerate((null, out, err)):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    folder = str(request["folder"])
    os.chdir(folder)
    # `python -m` puts the folder it is started in first.
    sys.path[0] = folder
    sys.argv = ["gradscape", *request["arguments"]]  # type: ignore[misc]
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        importlib.import_module("study.commands.app").main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def leave(code: int) -> None:
    """Ends the child as an interpreter does, but for taking every object apart.

    That would copy the parent's memory too: 1.5 s of a core for a command that does nothing.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    sys.exit(serve())
