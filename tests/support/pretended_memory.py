"""How much memory this machine seems to have left, to Ray's memory monitor alone.

The monitor of a Ray that starts inside `PretendedMemory` reads what processes say they take, and
not /proc/meminfo: so memory runs out when a test says so, on a machine of any size and load.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.driver import is_there

TOTAL_GB, TAKEN_GB = 8.0, 3.75
"""Of the machine, and of it by all that never says what it takes."""

_KB_A_GB = 2**20
_LOOK_S = 0.02
_NEW_MOUNTS = 0x20000  # CLONE_NEWNS


class PretendedMemory:
    """A file over /proc/meminfo, kept up to date.

    Args:
        folder: Empty; where processes say what they take.
    """

    def __init__(self, folder: Path) -> None:
        self.claims = folder / "claims"
        self.claims.mkdir()
        self._file = folder / "meminfo"
        self._over = threading.Event()
        self._known = Path("/proc/meminfo").read_text().splitlines()
        self._file.write_text(self._text())

    @contextlib.contextmanager
    def holding(self, start: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
        """Inside, the processes that `start` started see this memory.

        Raises:
            PermissionError: If this process may not mount a file.
        """
        begun = threading.Event()
        faults: list[BaseException] = []

        def live() -> None:
            try:
                self._enter()
                start()
            except BaseException as error:
                faults.append(error)
            begun.set()
            # Ray's processes end with the thread that started them.
            self._over.wait()
            if not faults:
                end()

        threads = [threading.Thread(target=live), threading.Thread(target=self._keep)]
        for thread in threads:
            thread.start()
        try:
            begun.wait()
            if faults:
                raise faults[0]
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _enter(self) -> None:
        """Gives this thread, and what it starts, mounts of its own."""
        kernel = ctypes.CDLL(None, use_errno=True)
        if kernel.unshare(_NEW_MOUNTS):
            raise PermissionError(os.strerror(ctypes.get_errno()))
        for arguments in (["--make-rprivate", "/"], ["--bind", str(self._file), "/proc/meminfo"]):
            done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
            if done.returncode:
                raise PermissionError(done.stderr.strip())

    def _keep(self) -> None:
        with self._file.open("r+") as file:
            while not self._over.wait(_LOOK_S):
                file.seek(0)
                file.write(self._text())
                file.flush()

    def _text(self) -> str:
        """The machine's own, with this memory; always of the same length."""
        left = TOTAL_GB - TAKEN_GB - sum(claimed(self.claims).values())
        pretended = {"MemTotal": TOTAL_GB, "MemFree": left, "MemAvailable": left}
        pretended |= dict.fromkeys(("Buffers", "Cached", "SReclaimable", "Shmem"), 0.0)
        lines = []
        for line in self._known:
            name = line.partition(":")[0]
            gb = pretended.get(name)
            lines.append(line if gb is None else f"{name}: {int(max(0, gb) * _KB_A_GB):12} kB")
        return "\n".join(lines) + "\n"


def claim(claims: Path, gb: float, *, pid: int | None = None) -> None:
    """From now on this process seems to take so much memory, as long as it lives."""
    (claims / str(pid or os.getpid())).write_text(str(gb))


def claimed(claims: Path) -> dict[int, float]:
    """What the processes that are there have claimed, in GB by their numbers."""
    found = {}
    for file in claims.iterdir():
        text = file.read_text()
        if text and is_there(int(file.name)):
            found[int(file.name)] = float(text)
    return found
