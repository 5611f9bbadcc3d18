"""What a process forked by `tests.support.warm_server` does to be the one that was asked for."""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_OWN_FOLDERS = frozenset(os.environ.get("PYTHONPATH", "").split(os.pathsep))
_FOLDERS = [one for one in sys.path[1:] if one not in _OWN_FOLDERS]
"""Where every Python of this installation looks for modules."""


def run_command(request: Mapping[str, Any]) -> int:
    """What `python -m study`, or `python -m mlflow`, does."""
    null = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(request[name], os.O_WRONLY | os.O_APPEND) for name in ("out", "err"))
    _become(request, (null, out, err))
    # `python -m` puts the folder it is started in first.
    sys.path[0] = request["folder"]
    sys.argv = ["gradscape", *request["arguments"]]
    if request["module"] == "mlflow":
        return _ended(_serve_mlflow)
    return _ended(importlib.import_module("study.commands.app").main)


def run_script(request: Mapping[str, Any], files: Sequence[int]) -> int:
    """What Python does with a script, or `-m` and a module, and its arguments.

    Args:
        request: What `forked_pythons/sitecustomize` sends.
        files: Standard input, output and errors.
    """
    _become(request, files)
    os.nice(max(0, request["niceness"] - os.nice(0)))
    # Ray starts its processes deaf to Ctrl-C.
    signal.pthread_sigmask(signal.SIG_SETMASK, request["masked"])
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    script, *arguments = request["arguments"]
    folder = request["folder"] if script == "-m" else os.path.dirname(script)
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [folder, *filter(None, folders), *_FOLDERS]
    if script == "-m":
        module, *arguments = arguments
        sys.argv = [module, *arguments]
        return _ended(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))
    sys.argv = [script, *arguments]
    return _ended(lambda: runpy.run_path(script, run_name="__main__"))


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


def _become(request: Mapping[str, Any], files: Sequence[int]) -> None:
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    _show(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _serve_mlflow() -> None:
    """MLflow's command starts its server as a second process; here this one becomes the server.

    The command's part is done by a child: the server looks at the environment when it is imported.
    """
    read, write = os.pipe()
    if os.fork() == 0:

        def tell(command: Sequence[str], *, extra_env: Mapping[str, str], **_: object) -> None:
            os.write(write, json.dumps([command, extra_env]).encode())
            os._exit(0)

        importlib.import_module("mlflow.server")._exec_cmd = tell
        leave(_ended(importlib.import_module("mlflow.cli").cli))
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.wait()
    if not text:
        sys.exit("mlflow server was not told what to start")
    (_, _, module, *arguments), variables = json.loads(text)
    os.environ.update(variables)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _show(environment: Mapping[str, str]) -> None:
    """Lets others see these variables in /proc, where they look for a job's processes.

    The server was started with variables that are long enough.
    """
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    # env_start and env_end of proc(5); the first two fields are cut off.
    start, end = int(fields[47]), int(fields[48])
    text = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    assert len(text) <= end - start
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


def _ended(main: Callable[[], object]) -> int:
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0
