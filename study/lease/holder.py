"""A process that works on a study."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a study.

    Attributes:
        token: Names this holding alone, 32 hexadecimal digits.
        pid: Number of the process.
        host: Name of the machine that it runs on.
        user: Whose process it is.
        machine: The machine's boot and the process's namespace, in which its number means this
            process; "" where the system does not say.
        started: When the process started, in the kernel's clock ticks; "" where the system does
            not say.
        home: The home folder it writes to.
    """

    token: str
    pid: int
    host: str
    user: str
    machine: str
    started: str
    home: str

    def to_json(self) -> str:
        """The JSON object; `from_json` gives an equal value back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Holder | None:
        """Reads what `to_json` wrote, of a later version too; None if it is something else."""
        try:
            values = json.loads(text)
            types = {field.name: int if field.name == "pid" else str for field in fields(cls)}
            if not all(type(values[name]) is kind for name, kind in types.items()):
                return None
            return cls(**{name: values[name] for name in types})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    @property
    def is_gone(self) -> bool:
        """Whether its process is known to have ended: only its own machine can tell."""
        if not self.machine or self.machine != _machine():
            return False
        return _started(self.pid) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}"


def since_of(text: str) -> float | None:
    """Since when the holder in a lock file has held it, Unix time in seconds; None if unknown."""
    try:
        return float(json.loads(text)["since"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def this_process(home: Path) -> Holder:
    """The process that asks, under a token that nobody had before."""
    return Holder(
        token=uuid.uuid4().hex,
        pid=os.getpid(),
        host=socket.gethostname(),
        user=_user(),
        machine=_machine(),
        started=_started(os.getpid()),
        home=str(home.absolute()),
    )


def clock_text(seconds: float) -> str:
    """A moment in the reader's own time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # A container's user often has no name.


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # Two containers share the boot and not the numbers of their processes.
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Tells a process from a later one with its number; "" if there is none."""
    try:
        fields_of_stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # A zombie runs no more.
    return "" if fields_of_stat[0] in "ZX" else fields_of_stat[19]
