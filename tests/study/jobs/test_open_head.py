"""A Ray head that takes jobs from everybody, at an address that is not loopback.

It lives in a network namespace of its own: nobody else reaches it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.study.commands.conftest import STUDY
from tests.support.driver import ROOT, Ended
from tests.support.ray_head import RayHead

pytestmark = pytest.mark.slow

HOST = "10.213.7.1"


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """Name of a network namespace with one address."""
    name = f"gs-open-{os.getpid()}"
    if shutil.which("ip") is None:
        pytest.skip("needs ip: apt-get install iproute2")
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
    try:
        ip = ["ip", "-n", name]
        subprocess.run([*ip, "address", "add", f"{HOST}/32", "dev", "lo"], check=True)
        subprocess.run([*ip, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture(scope="module")
def inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


@pytest.fixture(scope="module")
def head(inside: list[str]) -> Iterator[RayHead]:
    running = RayHead(token=None, host=HOST, prefix=inside)
    yield running
    running.stop()


def said(inside: list[str], *arguments: object, folder: Path) -> Ended:
    command = [*inside, sys.executable, "-m", "study", *(str(one) for one in arguments)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_AUTH_TOKEN": "sesame"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr, seconds=0.0)


COMMANDS = {
    "submit": ("submit", "small.yaml"),
    "status": ("status", "small"),
    "logs": ("logs", "small"),
    "stop": ("stop", "small"),
    "list": ("list",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_refused(head: RayHead, inside: list[str], tmp_path: Path, command: str) -> None:
    (tmp_path / "small.yaml").write_text(STUDY)
    ended = said(inside, *COMMANDS[command], "--address", head.address, folder=tmp_path)
    assert ended.code == 2 and ended.out == "", ended
    assert ended.err == (
        f"gradscape: --address: {head.address} takes jobs, and so any code, from whoever reaches "
        "it; start its nodes with RAY_AUTH_MODE=token, go through a tunnel (ssh -L "
        f"8265:localhost:8265 {HOST}), or accept that with --insecure\n"
    )
    assert "sesame" not in ended.err


def test_it_is_used_by_those_who_accept_it(
    head: RayHead, inside: list[str], tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text(STUDY)
    to = ("--address", head.address, "--insecure")
    ended = said(inside, "submit", "small.yaml", *to, folder=tmp_path)
    assert ended.code == 0 and "job small-1 done" in ended.err, ended
    listed = said(inside, "list", *to, folder=tmp_path)
    assert listed.code == 0 and "small-1" in listed.out
    # The token of some other cluster was not given to this one.
    assert head.logged("sesame") == []
