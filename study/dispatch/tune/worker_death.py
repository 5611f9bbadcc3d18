"""Why a cohort was lost, in words: what Ray says, and the last that its worker wrote."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from study.secrets import redacted

READ_BYTES = 16_384
"""Bytes at the end of a worker's error output that are read."""

SHOWN_LINES, SHOWN_CHARACTERS = 5, 400
"""What of that a person is shown at most."""

FETCH_S = 10.0
"""Time limit for getting it from another node, where a process has to be started for it."""

_NODE_LOST = re.compile(r"node (has )?(died|was terminated|dead)|node failure|Node .*dead", re.I)
_MEMORY = re.compile(r"OutOfMemory|running low on memory|memory monitor", re.I)
_FRAME = re.compile(r'\s*File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>\S+)')
_RAYS_OWN = re.compile(r"^:(job_id|actor_name|task_name):|^Extension modules|^\[20.*ray")


@dataclass(frozen=True, kw_only=True)
class WorkerProcess:
    """The process of a worker that trains a cohort.

    Attributes:
        node_id: Ray's id of its node.
        host: The node's name.
        pid: Number of its process on that node.
        error_file: Where its error output goes, on that node; "" if that is unknown.
        actor: Handle of its Ray actor, by which it can be killed.
    """

    node_id: str
    host: str
    pid: int
    error_file: str = ""
    actor: Any = None


@dataclass(frozen=True, kw_only=True)
class LostCohort:
    """What became of a cohort whose worker is gone.

    Attributes:
        reason: For a person, in one line.
        halve: Whether a smaller cohort may do.
    """

    reason: str
    halve: bool


def this_worker() -> WorkerProcess:
    """Describes the process that calls this, which is a Ray worker."""
    context = ray.get_runtime_context()
    try:
        error_file = os.readlink("/proc/self/fd/2")
    except OSError:
        error_file = ""
    return WorkerProcess(
        node_id=context.get_node_id(),
        host=socket.gethostname(),
        pid=os.getpid(),
        error_file=error_file,
        actor=context.current_actor,
    )


def explain(
    error: BaseException | None,
    worker: WorkerProcess | None,
    *,
    trained_s: float,
    limit_s: float | None,
    read: Callable[[WorkerProcess], str | None],
) -> LostCohort:
    """Says why a cohort was lost, and whether halves of it may do.

    Args:
        error: What Ray raised for its worker.
        worker: Its process; None if it had not begun.
        trained_s: How long it had been training, in seconds.
        limit_s: How long it may train, in seconds; None without a limit.
        read: Reads the end of a worker's error output; None if its node does not answer.
    """
    message = f"{type(error).__name__} {error}" if error is not None else ""
    if worker is None:
        return LostCohort(
            reason=_first_line(error, "its worker was lost before it began"), halve=False
        )
    where = f"process {worker.pid} on {worker.host}"
    if _NODE_LOST.search(message):
        return LostCohort(reason=f"the node of its worker ({where}) was lost", halve=False)
    output = read(worker)
    if output is None:
        return LostCohort(reason=f"its worker ({where}) or the node was lost", halve=False)
    if limit_s is not None and trained_s >= limit_s:
        at = _last_frame(output)
        return LostCohort(
            reason=f"it trained for longer than resources.cohort_minutes = {limit_s / 60:g}, and "
            f"its worker ({where}) was ended{f', at {at}' if at else ''}",
            halve=True,
        )
    if error is not None and memory_ran_out(error):
        return LostCohort(reason=f"memory ran out, and Ray ended its worker ({where})", halve=True)
    # A kernel that is out of memory kills without a word.
    reason = f"its worker ({where}) died: killed, perhaps for memory, or crashed"
    last = last_words(output)
    return LostCohort(reason=f"{reason}; it last wrote: {last}" if last else reason, halve=True)


def memory_ran_out(error: BaseException) -> bool:
    """Whether Ray ended a process because its node's memory ran out."""
    return _MEMORY.search(f"{type(error).__name__} {error}") is not None


def last_words(output: str) -> str:
    """The end of a worker's error output in one bounded line, or its crash in short.

    >>> last_words("a\\n:job_id:01\\nCUDA error: device-side assert\\n")
    'a | CUDA error: device-side assert'
    """
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Fatal Python error: "):
            at = next((_frame_text(frame) for frame in lines[number:] if _FRAME.match(frame)), "")
            return f"{line.removeprefix('Fatal Python error: ')}{f' at {at}' if at else ''}"
    written = [line.strip() for line in lines if line.strip() and not _RAYS_OWN.match(line)]
    return redacted(" | ".join(written[-SHOWN_LINES:]))[-SHOWN_CHARACTERS:]


class ErrorOutputs:
    """What workers wrote, from whichever nodes they ran on.

    A node that does not answer is asked once: it may take the cohorts of all its workers along,
    and Tune waits meanwhile.
    """

    def __init__(self) -> None:
        self._silent: set[str] = set()

    def end(self, worker: WorkerProcess) -> str | None:
        """The end of a worker's error output, "" if unknown; None if its node is silent."""
        if worker.node_id == ray.get_runtime_context().get_node_id():
            return read_end(worker.error_file)
        if worker.node_id in self._silent:
            return None
        there = NodeAffinitySchedulingStrategy(node_id=worker.node_id, soft=False)
        task = ray.remote(read_end).options(num_cpus=0, scheduling_strategy=there, max_retries=0)
        try:
            text: str = ray.get(task.remote(worker.error_file), timeout=FETCH_S)
        except RayError:
            self._silent.add(worker.node_id)
            return None
        return text


def read_end(path: str) -> str:
    """The last `READ_BYTES` of a file; "" if there is none."""
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - READ_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _last_frame(output: str) -> str:
    """Where the main thread was, which a dump of all threads names last."""
    frames: list[str] = []
    for line in output.splitlines():
        if line.startswith(("Thread ", "Current thread ")):
            frames = []
        elif _FRAME.match(line):
            frames.append(_frame_text(line))
    return frames[0] if frames else ""


def _frame_text(line: str) -> str:
    frame = _FRAME.match(line)
    assert frame is not None
    return f"{Path(frame['file']).name}, line {frame['line']}, in {frame['name']}"


def _first_line(error: BaseException | None, otherwise: str) -> str:
    if error is None:
        return otherwise
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
