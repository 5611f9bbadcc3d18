"""A Ray head that takes jobs from everybody, at an address that is not loopback.

It lives in a network namespace of its own: nobody else reaches it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.study.commands.conftest import STUDY
from tests.study.jobs.test_on_ray import no_report
from tests.support.driver import ROOT, Ended
from tests.support.ray_head import RayHead

__all__ = ["no_report"]

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


EACH = """
import contextlib
import io
import json
import sys

from study.commands.app import main

ended = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["gradscape", *arguments]
    code, out, err = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    ended.append({"code": code, "out": out.getvalue(), "err": err.getvalue(), "seconds": 0.0})
print(json.dumps(ended))
"""
"""Commands one after another, of which a process of its own imports the same for seconds."""


def said_of_each(inside: list[str], given: Sequence[Sequence[str]], folder: Path) -> list[Ended]:
    each = in_there(inside, "-c", EACH, json.dumps(given), folder=folder)
    assert each.code == 0, each
    return [Ended(**one) for one in json.loads(each.out)]


def said(inside: list[str], *arguments: object, folder: Path) -> Ended:
    return in_there(inside, "-m", "study", *arguments, folder=folder)


def in_there(inside: list[str], *arguments: object, folder: Path) -> Ended:
    done = subprocess.run(
        [*inside, sys.executable, *(str(one) for one in arguments)],
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


@pytest.fixture(scope="module")
def refused(
    head: RayHead, inside: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ended]:
    """How each of the commands ends."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "small.yaml").write_text(STUDY)
    given = [(*arguments, "--address", head.address) for arguments in COMMANDS.values()]
    return dict(zip(COMMANDS, said_of_each(inside, given, folder), strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_refused(head: RayHead, refused: dict[str, Ended], command: str) -> None:
    ended = refused[command]
    assert ended.code == 2 and ended.out == "", ended
    assert ended.err == (
        f"gradscape: --address: {head.address} takes jobs, and so any code, from whoever reaches "
        "it; start its nodes with RAY_AUTH_MODE=token, go through a tunnel (ssh -L "
        f"8265:localhost:8265 {HOST}), or accept that with --insecure\n"
    )
    assert "sesame" not in ended.err


def test_it_is_used_by_those_who_accept_it(
    head: RayHead, inside: list[str], tmp_path: Path, no_report: tuple[str, str]
) -> None:
    (tmp_path / "small.yaml").write_text(STUDY)
    to = ("--address", head.address, "--insecure")
    ended = said(inside, "submit", "small.yaml", *to, *no_report, folder=tmp_path)
    assert ended.code == 0 and "job small-1 done" in ended.err, ended
    listed = said(inside, "list", *to, folder=tmp_path)
    assert listed.code == 0 and "small-1" in listed.out
    # The token of some other cluster was not given to this one.
    assert head.logged("sesame") == []
