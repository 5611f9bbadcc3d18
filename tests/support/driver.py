"""The command line as a process of its own, for tests that disturb it; and what it leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support import warm
from tests.support.repository import ROOT

PATIENCE_S = 300.0
"""How long something that must come is waited for, on a machine with much else to do.

A start of Ray that takes 10 s of two free cores has taken over 90 among a suite's four processes.
"""

SLOW_NETWORK = """
import time
from collections import OrderedDict
from torch import nn

class Pace(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.depth = depth

    def forward(self, inputs):
        training = len(inputs) == 32  # a batch; else it is only tried
        if training:
            time.sleep(SECONDS)
        return inputs

def slow(hyperparameters, task):
    modules = OrderedDict(pace=Pace(hyperparameters["depth"]), flatten=nn.Flatten())
    features = task.features
    for number in range(1, hyperparameters["depth"] + 1):
        modules[f"hidden_{number}"] = nn.Linear(features, 16)
        modules[f"activation_{number}"] = nn.Tanh()
        features = 16
    modules["output"] = nn.Linear(features, task.outputs)
    return nn.Sequential(modules)
"""
"""A network that takes its time, however fast the machine."""

SLOW_STUDY = """
study: slow
task: digits
network: slow_network:slow
hyperparameters:
  depth: [1, 2, 3, 4, 5, 6]
  initialization: orthogonal
  learning_rate: {low: 1.0e-3, high: 1.0, log: true}
  batch_size: 32
  dtype: float64
steps: 30
trials: 24
resources: {workers: 2}
"""
"""Six cohorts of four trials: the shallowest as a quick look, then the deepest first."""


def write_slow_study(folder: Path, *, seconds: str = "0.02", extra: str = "") -> Path:
    """The study file, with its network beside it.

    Args:
        folder: Where to.
        seconds: What a step takes, in Python; `self.depth` is known.
        extra: Further lines of the study file.
    """
    (folder / "slow_network.py").write_text(SLOW_NETWORK.replace("SECONDS", seconds))
    path = folder / "slow.yaml"
    path.write_text(SLOW_STUDY + extra)
    return path


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float


class Command:
    """A `gradscape` command that is running, in a session and folder of its own.

    Args:
        arguments: Of the command line.
        folder: Where it runs.
        forked: Whether it comes from a process that has imported the libraries already.
    """

    def __init__(self, *arguments: object, folder: Path, forked: bool = True) -> None:
        said = Path(tempfile.mkdtemp(prefix="said-", dir=folder))
        self._out, self._err = said / "out", said / "err"
        self._temporary = folder / "temporary"
        self._temporary.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            # What it leaves lying about is then found, and is not mistaken for others'.
            "TMPDIR": str(self._temporary),
            # Ray's sockets lie below, and a socket's path holds no more than 107 characters.
            "RAY_TMPDIR": "/tmp",
        }
        if forked:
            environment |= warm.forks()
        texts = [str(argument) for argument in arguments]
        self._out.touch()
        self._err.touch()
        if forked:
            self.process: warm.WarmProcess | subprocess.Popen[bytes] = warm.start(
                texts, folder=folder, environment=environment, out=self._out, err=self._err
            )
            return
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "study", *texts],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                # Tests that run in a shell's background inherit a Ctrl-C that is ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def wait_for_parts(
        self, home: Path, parts: int, timeout_s: float = PATIENCE_S, *, table: str = "trials"
    ) -> None:
        """Returns when so many cohorts are recorded; with `table="runs"` in MLflow too."""
        deadline = time.monotonic() + timeout_s
        while len(list((home / "studies").glob(f"*/tables/{table}/*.parquet"))) < parts:
            self._wait_on(deadline, f"{parts} parts of {table}")

    def wait_for_text(self, file: Path, timeout_s: float = PATIENCE_S) -> None:
        """Returns when the file has been written."""
        deadline = time.monotonic() + timeout_s
        while not (file.exists() and file.read_text()):
            self._wait_on(deadline, str(file))

    def press_ctrl_c(self) -> None:
        """As a terminal does: every process of the session's foreground group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the driver alone, as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def wait_for_line(self, start: str, timeout_s: float = PATIENCE_S) -> str:
        """The first line of its output that starts so, once it is there."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = [one for one in self._out.read_text().splitlines() if one.startswith(start)]
            if found:
                return found[0]
            self._wait_on(deadline, f"a line {start!r}")

    def wait_for_words(self, words: str, timeout_s: float = PATIENCE_S) -> None:
        """Returns when it has said so, to its output or to its errors."""
        deadline = time.monotonic() + timeout_s
        while words not in self._said():
            self._wait_on(deadline, f"words {words!r}")

    def _wait_on(self, deadline: float, what: str) -> None:
        """A moment's wait for what must come; tells all that was printed where it does not."""
        assert self.process.poll() is None, f"ended before {what}:\n{self._said()}"
        assert time.monotonic() < deadline, f"no {what} in time; it said:\n{self._said()}"
        time.sleep(0.05)

    def _said(self) -> str:
        return f"{self._out.read_text()}\n{self._err.read_text()}"

    def end(self, timeout_s: float = PATIENCE_S) -> Ended:
        """Waits for its end."""
        started = time.monotonic()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(
                f"no end in {timeout_s:.0f} s; it said:\n{self._said()}"
            ) from None
        return Ended(
            code=code,
            out=self._out.read_text(),
            err=self._err.read_text(),
            seconds=time.monotonic() - started,
        )

    @property
    def temporary_files(self) -> list[str]:
        """What it left in the folder of temporary files."""
        return [path.name for path in self._temporary.iterdir()]

    def left_over(self, timeout_s: float = 90.0) -> list[str]:
        """Processes of its session that are still there, once they had time to go."""
        return left_of({self.process.pid}, timeout_s=timeout_s)


def gradscape(
    *arguments: object, folder: Path, timeout_s: float = PATIENCE_S, forked: bool = True
) -> Ended:
    """Runs a command to its end."""
    return Command(*arguments, folder=folder, forked=forked).end(timeout_s)


def left_of(sessions: set[int], *, timeout_s: float = 90.0) -> list[str]:
    """Command lines of the processes of these sessions, once they had time to go."""
    deadline = time.monotonic() + timeout_s
    while (found := _processes_of(sessions)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _processes_of(sessions: set[int]) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # pid (name) state parent group session ...
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) in sessions and fields[0] != "Z":
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found


def is_there(pid: int) -> bool:
    """Whether a process runs: one that has ended and is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """Processes below this one, however deep."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for one in found:  # It grows meanwhile.
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]
