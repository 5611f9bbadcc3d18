"""Lets what Python was started for run in a process that has imported the libraries already.

Python imports this file as it starts, wherever its folder is in PYTHONPATH. Started to be one of
Ray's workers or the driver of a job, it hands arguments, environment, folder and open files over
to the server of `tests.support.warm_server` that the environment names, which forks. It then
stands for the forked process: it passes signals on, ends as that one ends, and takes it along when
it is killed. Without a server Python goes on as usual; so it does in network namespaces of others,
where the server's name means nothing.
"""

import os
import sys

# More is imported below: other Pythons read this file too.

VARIABLE = "GRADSCAPE_TEST_FORKS"
"""Name of the server's socket; unset, nothing is handed over."""

SETUP = "/ray/_private/workers/setup_worker.py"
WORKER = "/ray/_private/workers/default_worker.py"


def wanted() -> list[str] | None:
    """The script or module to be handed over with its arguments, if it is one."""
    given = sys.orig_argv[1:]
    while given and given[0].startswith("-") and given[0] != "-m":
        given = given[1:]
    if given[:2] == ["-m", "study"]:
        return given
    if given and given[0].endswith(SETUP):
        given = without_setup(given[1:])
    return given if given and given[0].endswith(WORKER) else None


def without_setup(given: list[str]) -> list[str] | None:
    """A worker is started by a script that sets up its environment: the worker itself.

    None if that is more than variables: the worker, when it is started, is handed over then.
    """
    import json

    option = "--serialized-runtime-env-context="
    context = json.loads(
        next((one[len(option) :] for one in given if one.startswith(option)), "{}")
    )
    if context.get("command_prefix") or context.get("override_worker_entrypoint"):
        return None
    if context.get("py_executable", sys.executable) != sys.executable:
        return None
    os.environ.update(context.get("env_vars", {}))
    return [one for one in given if not one.startswith((option, "--language="))]


def hand_over(name: str, arguments: list[str]) -> None:
    """Ends this process with the forked one; returns if there is none."""
    import json
    import signal
    import socket

    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{name}")
    except OSError:
        return
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "masked": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "niceness": os.nice(0),
    }
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    line = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(connection, [line], [0, 1, 2])
    connection.sendall(line[sent:])
    code = b""
    while more := connection.recv(16):
        code += more
    if not code:
        os._exit(1)
    if int(code) < 0:
        signal.signal(-int(code), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [-int(code)])
        os.kill(os.getpid(), -int(code))
    os._exit(int(code))


if VARIABLE in os.environ and "LD_PRELOAD" not in os.environ:
    found = wanted()
    if found is not None:
        hand_over(os.environ[VARIABLE], found)
