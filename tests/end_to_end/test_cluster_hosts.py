"""Hosts of one's own are apart from each other and from the machine, and gone with their owner."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cluster_host import HOME, ROOT, wait_until_gone
from tests.support.cluster_hosts import cluster_hosts, require_hosts

SSH = ("ssh", "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=3")

OWNER = """
import sys
import time
from pathlib import Path
from tests.support.cluster_hosts import cluster_hosts

with cluster_hosts(Path(sys.argv[1]), "one", "two") as hosts:
    hosts["two"].start("sleep 1000", log=Path(sys.argv[1]) / "log", timeout_s=1000)
    while not hosts["two"].processes():
        time.sleep(0.05)
    print(*hosts.namespaces, flush=True)
    time.sleep(1000)
"""


@pytest.fixture(autouse=True)
def allowed() -> None:
    require_hosts()


@pytest.mark.slow
def test_hosts_share_a_network_and_nothing_else(tmp_path: Path) -> None:
    with cluster_hosts(tmp_path, "one", "two") as hosts:
        one, two = hosts["one"], hosts["two"]
        there = one.run(*SSH, "two", "hostname; pwd; echo mine > note; touch /tmp/note")
        assert there.stdout == f"two\n{HOME}\n", there
        assert (two.home / "note").read_text() == "mine\n" and (two.tmp / "note").exists()
        assert not (one.home / "note").exists() and not (one.tmp / "note").exists()
        assert one.run("touch", ROOT / "note").returncode == 1
        running = two.start("exec sleep 1000", log=tmp_path / "log", timeout_s=1000)
        assert one.run("pgrep", "-x", "sleep").returncode == 1
        hosts.unplug("two")
        assert one.run(*SSH, "two", "true").returncode == 255
        hosts.plug("two")
        assert one.run(*SSH, "two", "true").returncode == 0
        assert "sleep 1000" in " ".join(two.processes())
    assert running.wait(120) != 0


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with cluster_hosts(tmp_path, "one") as hosts:
        assert hosts["one"].run("sleep", "1000", timeout_s=0.5).returncode == 124
        assert hosts["one"].processes() == []


def test_nothing_is_left_when_their_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    theirs = set(owner.stdout.readline().split())
    assert wait_until_gone(theirs, timeout_s=0.0) == theirs and len(theirs) == 2 * 2 + 1
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert wait_until_gone(theirs) == set()
