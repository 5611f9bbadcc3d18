"""Processes that are forked where others are started; the same is seen of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import warm
from tests.support.driver import PATIENCE_S, descendants, is_there, write_slow_study

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("arguments", [["list", "--home", "nowhere"], ["list", "--hom", "x"]])
def test_what_is_printed_and_how_it_ends_is_the_same(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "study", *arguments]
    forked, started = (
        subprocess.run(command, cwd=tmp_path, env=os.environ | more, capture_output=True)
        for more in (warm.forks(), {"PYTHONPATH": warm.forks()["PYTHONPATH"]})
    )
    assert forked.returncode == started.returncode
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)
    assert forked.stdout + forked.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_what_is_sent_to_who_stands_for_it_arrives(tmp_path: Path, number: int, code: int) -> None:
    mark = f"MARK={tmp_path}"
    command = [
        sys.executable,
        "-m",
        "study",
        "run",
        str(write_slow_study(tmp_path, seconds="0.1")),
    ]
    stands = subprocess.Popen(
        [*command, "--local-mode", "--home", str(tmp_path / "home")],
        env=os.environ | warm.forks() | {"MARK": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    forked = _shows(mark, besides=stands.pid)
    _wait(lambda: list((tmp_path / "home" / "studies").glob("*/driver*")))
    stands.send_signal(number)
    assert stands.wait(PATIENCE_S) == code
    _wait(lambda: not is_there(forked))


def _shows(mark: str, *, besides: int) -> int:
    """The process below this one whose variables in /proc have the mark."""
    found: list[int] = []

    def look() -> bool:
        found[:] = [
            pid
            for pid in descendants(os.getpid())
            if pid != besides and mark.encode() in _variables(pid)
        ]
        return bool(found)

    _wait(look)
    return found[0]


def _variables(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _wait(until: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)
