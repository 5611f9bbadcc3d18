"""CPU seconds of a program's processes by what they are, which a busy machine changes little."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sampled import sampled

EVERY_S = 1.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

DRIVER, WORKERS, RAY = "driver", "workers", "Ray's own"


class CpuTime:
    """Adds up what this process, its descendants and some others use in a block.

    Args:
        others: Names of further processes, by number; their descendants count with them.
    """

    def __init__(self, others: Mapping[int, str]) -> None:
        self._roots = {**others, os.getpid(): DRIVER}
        self._first: dict[int, float] = {}
        self._last: dict[int, tuple[str, float]] = {}

    @property
    def seconds(self) -> dict[str, float]:
        """By what the processes are; of those that have ended up to a second is missing."""
        sums: dict[str, float] = defaultdict(float)
        for pid, (name, seconds) in self._last.items():
            sums[name] += seconds - self._first.get(pid, 0.0)
        return dict(sums)

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Around what is measured."""
        self._first = {pid: seconds for pid, (_, seconds) in self._look().items()}
        with sampled(lambda: self._last.update(self._look()), EVERY_S):
            yield

    def _look(self) -> dict[int, tuple[str, float]]:
        parents, used, lines = {}, {}, {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                fields = (process / "stat").read_text().rpartition(") ")[2].split()
                pid = int(process.name)
                parents[pid] = int(fields[1])
                used[pid] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
                lines[pid] = (process / "cmdline").read_text()
        found = {}
        for pid in used:
            root = pid
            while root not in self._roots and root in parents:
                root = parents[root]
            if root in self._roots and pid in lines:
                name = self._roots[root]
                if name == DRIVER and pid != root:
                    name = WORKERS if lines[pid].startswith("ray::") else RAY
                found[pid] = name, used[pid]
        return found
