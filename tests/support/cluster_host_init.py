"""The first process of a host of `tests/support/cluster_hosts.py`, alone in new namespaces.

It gives the host places of its own to write to and makes all else read-only. Then it waits: when
whoever started it closes its input, or dies, it ends, and the kernel ends every process of the
host and removes its mounts and its network with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_KERNEL = ("/proc", "/sys", "/dev")


def main() -> None:
    """Reads what the host is to be, one line of JSON; says its id outside, then that it is up."""
    plan: dict[str, Any] = json.loads(sys.stdin.readline())
    # The /proc that is still mounted tells ids as the starter knows them.
    print(os.readlink("/proc/self"), flush=True)
    _mount("-t", "proc", "proc", "/proc")
    Path("/proc/sys/kernel/hostname").write_text(plan["name"])
    for file, text in plan["files"].items():
        _cover_file(Path(file), text, Path(plan["disc"]))
    hidden = [Path(place) for place in plan["folders"]]
    # /tmp last: the disc may lie below it.
    for place in sorted(hidden, key=lambda one: one == Path("/tmp")):
        _cover_folder(place, Path(plan["folders"][str(place)]), plan["keep"])
    _mount("-t", "tmpfs", "-o", "mode=755,size=64m", "run", "/run")
    _mount("-t", "tmpfs", "-o", "mode=1777,size=512m", "shm", "/dev/shm")
    Path("/run/sshd").mkdir(mode=0o755)
    _make_read_only(but=(*_KERNEL, "/run", *plan["folders"]))
    print("up", flush=True)
    signal.signal(signal.SIGCHLD, _reap)
    while os.read(0, 1):
        pass


def _cover_file(file: Path, text: str, disc: Path) -> None:
    mine = disc / file.name
    mine.write_text(text)
    if file.exists():
        _mount("--bind", str(mine), str(file))


def _cover_folder(place: Path, mine: Path, keep: list[str]) -> None:
    """Puts the host's own folder at a place; what the tests run from stays where it is."""
    for kept in keep:
        if Path(kept).is_relative_to(place):
            target = mine / Path(kept).relative_to(place)
            target.mkdir(parents=True, exist_ok=True)
            _mount("--bind", kept, str(target))
    _mount("--rbind", str(mine), str(place))


def _make_read_only(*, but: tuple[str, ...]) -> None:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for place in dict.fromkeys(line.split()[4] for line in lines):
        if place not in but and not place.startswith(tuple(f"{one}/" for one in _KERNEL)):
            _mount("-o", "remount,bind,ro", place, required=place == "/")


def _mount(*arguments: str, required: bool = True) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if required and done.returncode:
        raise SystemExit(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
