"""A process of the local Ray is killed during a run: one line, one in the log, nothing lost."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.support.driver import Command, gradscape, write_slow_study
from tests.support.left_behind import assert_once_everywhere

pytestmark = pytest.mark.slow

START_S = 240.0


def descendants(pid: int) -> dict[int, str]:
    """Command line by number of each process that this one, or a child of it, has begun."""
    parents, lines = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(process.name)] = int(
                (process / "stat").read_text().split(") ")[1].split()[1]
            )
            lines[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
    known = {pid}
    while more := {child for child, parent in parents.items() if parent in known} - known:
        known |= more
    return {child: lines[child] for child in known - {pid}}


@pytest.mark.parametrize("name", ["raylet/raylet -", "gcs/gcs_server -", "ray::RuntimeEnvAgent"])
def test_is_one_line_and_the_same_command_goes_on(tmp_path: Path, name: str) -> None:
    file = write_slow_study(tmp_path, seconds="0.04")
    home = tmp_path / "gradscape"
    driver = Command("run", file, "--no-report", folder=tmp_path)
    driver.wait_for_parts(home, 1, START_S)
    (killed,) = [pid for pid, line in descendants(driver.process.pid).items() if name in line]
    os.kill(killed, signal.SIGKILL)
    ended = driver.end()
    print(ended.code, ended.err, len(ended.out.splitlines()))
    assert "Traceback" not in ended.err + ended.out
    log = (home / "studies/slow/driver.log").read_text()
    print(log)
    if ended.code:
        last = ended.err.strip().splitlines()[-1]
        assert ended.code == 1 and last.startswith("gradscape: "), ended
        assert "the same command goes on" in last and last.removeprefix("gradscape: ")[:40] in log
        ended = gradscape("run", file, "--local-mode", "--no-report", folder=tmp_path)
        assert ended.code == 0, ended
    assert_once_everywhere(home, "slow", 24)
