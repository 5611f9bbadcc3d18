"""Studies as jobs of a real Ray head that wants a token."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import load_trials
from study.jobs import JobsApi, cluster_address
from study.jobs.token import Token
from tests.study.commands.conftest import STUDY, Gradscape, gradscape
from tests.support.driver import Command, Ended, write_slow_study
from tests.support.left_behind import assert_once_everywhere
from tests.support.ray_head import RayHead

__all__ = ["gradscape"]

pytestmark = pytest.mark.slow

PATIENCE_S = 1200.0
"""How long something on the cluster that must come is waited for: a job takes half a minute of two
free cores, and more than ten times as long beside much else."""

TOKEN = "sesame-0123456789-abcdefghijklmnopqrstuvw"

NETWORK = """
import os
from torch import nn

def wide(hyperparameters, task):
    width = int(os.environ["NET_WIDTH"])
    first, last = nn.Linear(task.features, width), nn.Linear(width, task.outputs)
    return nn.Sequential(nn.Flatten(), first, nn.Tanh(), last)
"""


@pytest.fixture(scope="module")
def head() -> Iterator[RayHead]:
    # Known on the nodes alone.
    running = RayHead(token=TOKEN, variables={"NODE_STEPS": "40", "NODE_SECRET": "hunter2"})
    yield running
    running.stop()


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The person's own, in a file as `ray get-auth-token --generate` would put it."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(file))
    # Ray's own client would rather go there.
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:1")


@pytest.fixture(scope="module")
def no_report(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Options of `submit` for a job that leaves its report out, which takes half of its time."""
    python = tmp_path_factory.mktemp("python") / "python"
    # $2 is the module of `python -m study run`; other calls look whether there is one.
    study = '[ "$2" = study ] && set -- "$@" --no-report'
    python.write_text(f'#!/bin/sh\n{study}\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    return "--python", str(python)


def said(*arguments: object, folder: Path, timeout_s: float = PATIENCE_S) -> Ended:
    return Command(*arguments, folder=folder).end(timeout_s)


def write(folder: Path, name: str, text: str = STUDY) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("study: small", f"study: {name}") + "resources: {workers: 1}\n")
    return path


def write_gated_study(folder: Path, name: str) -> tuple[Path, Path]:
    """A study whose first cohorts are quick and whose others go on once the gate is there."""
    gate = folder / f"{name}.gate"
    code = folder / name
    code.mkdir()
    there = f"__import__('os').path.exists({str(gate)!r})"
    file = write_slow_study(
        code, seconds=f"0.01 if self.depth not in (2, 3, 4) or {there} else 6.0"
    )
    text = file.read_text().replace("study: slow", f"study: {name}")
    file.unlink()
    file = code / f"{name}.yaml"
    file.write_text(text.replace("steps: 30", "steps: 10"))
    return file, gate


def jobs_api(head: RayHead) -> JobsApi:
    return JobsApi(cluster_address(head.address), Token(TOKEN))


def wait_for_state(head: RayHead, job_id: str, state: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while (job := jobs_api(head).job(job_id)).state != state:
        assert time.monotonic() < deadline and not job.ended, job
        time.sleep(0.2)


def wait_for_line(head: RayHead, job_id: str, text: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while text not in (log := jobs_api(head).log(job_id)):
        assert time.monotonic() < deadline, log
        time.sleep(0.2)


def wait_for_parts(home: Path, study: str, parts: int = 1, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while len(list((home / "studies" / study).glob("tables/trials/*.parquet"))) < parts:
        assert time.monotonic() < deadline, "no results"
        time.sleep(0.1)


@pytest.mark.usefixtures("token")
def test_own_code_runs_there_and_resubmitting_goes_on(
    head: RayHead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: tuple[str, str]
) -> None:
    code = tmp_path / "code"
    (code / "experiments").mkdir(parents=True)
    (code / "nets.py").write_text(NETWORK)
    text = STUDY.replace("network: mlp", "network: nets:wide").replace("60", '"${NODE_STEPS}"')
    text = text.replace("  activation: tanh\n", "").replace("  initialization: orthogonal\n", "")
    text = text.replace("  depth: [1, 2]\n", "").replace("  width: 16\n", "")
    file = write(code / "experiments", "own", text)
    monkeypatch.setenv("NET_WIDTH", "16")
    to = ("--address", head.address, "--working-dir", code, "--env", "NET_WIDTH", *no_report)
    ended = said("submit", file, *to, folder=tmp_path)
    assert ended.code == 0, ended
    assert "gradscape: submitted job own-1 to " in ended.err
    assert "gradscape: job own-1 done" in ended.err
    assert "own: 0/12 trials" in ended.out and "12 of 12 trials done, 12 in this run" in ended.out
    # No bar, no colours: a log.
    assert "\x1b" not in ended.out and "\r" not in ended.out
    table = assert_once_everywhere(head.home, "own", 12)
    assert table["steps_run"].max() == 40

    again = said("submit", file, *to, "--trials", "16", "--json", folder=tmp_path)
    assert again.code == 0, again
    assert json.loads(again.out) == {
        "job": "own-2",
        "study": "own",
        "address": head.address,
        "state": "SUCCEEDED",
        "exit_code": 0,
    }
    assert "16 of 16 trials done, 4 in this run" in again.err
    after = assert_once_everywhere(head.home, "own", 16)
    assert after["train_seconds"].tolist()[:12] == table["train_seconds"].tolist()


@pytest.mark.usefixtures("token")
def test_watched_from_afar_stopped_and_resumed(
    head: RayHead, tmp_path: Path, no_report: tuple[str, str]
) -> None:
    file, gate = write_gated_study(tmp_path, "slow")
    to = ("--address", head.address)
    begun = said(
        "submit", file, *to, "--working-dir", file.parent, *no_report, "--no-wait", folder=tmp_path
    )
    assert begun.code == 0 and begun.out == "slow-1\n", begun
    follower = Command("logs", "slow", "-f", *to, folder=tmp_path)
    wait_for_parts(head.home, "slow")

    status = said("status", "slow", *to, folder=tmp_path)
    assert status.code == 0 and status.out.startswith("job slow-1: running, begun 2"), status
    assert "slow: " in status.out and "trials" in status.out
    told = json.loads(said("status", file, *to, "--json", folder=tmp_path).out)
    assert told["job"] == "slow-1" and told["state"] == "RUNNING" and told["exit_code"] is None
    listed = json.loads(said("list", *to, "--json", folder=tmp_path).out)
    assert [job["state"] for job in listed if job["job"] == "slow-1"] == ["RUNNING"]
    shown = said("list", *to, folder=tmp_path).out
    assert "slow-1" in shown and "running" in shown

    # What is running is watched, not doubled; anything else under its name is refused.
    watcher = Command(
        "submit", file, *to, "--working-dir", file.parent, *no_report, folder=tmp_path
    )
    other = said(
        "submit",
        file,
        *to,
        "--working-dir",
        file.parent,
        *no_report,
        "--trials",
        "30",
        folder=tmp_path,
    )
    assert other.code == 2, other
    assert "gradscape: study slow is being run by job slow-1 since 2" in other.err
    assert "with another study file, code or options; wait for it or stop it" in other.err

    stopped = said("stop", "slow", *to, folder=tmp_path)
    assert stopped.code == 0, stopped
    assert "job slow-1 was asked to end when what is training has finished" in stopped.out
    wait_for_line(head, "slow-1", "finishing the cohorts in training")
    gate.touch()
    followed = follower.end()
    assert followed.code == 0, followed
    assert "finishing the cohorts in training" in followed.out
    assert "Traceback" not in followed.out and "the same command goes on" in followed.out
    watched = watcher.end()
    assert watched.code == 130, watched
    assert "study slow is being run by job slow-1 since" in watched.err
    assert "job slow-1 stopped" in watched.err
    done = len(load_trials("slow", home=head.home))
    assert 4 <= done < 24
    ended = said("stop", "slow", *to, folder=tmp_path)
    assert ended.code == 2 and "study slow is not being run on " in ended.err

    resumed = said("submit", file, *to, "--working-dir", file.parent, *no_report, folder=tmp_path)
    assert resumed.code == 0, resumed.out + resumed.err
    assert f"24 of 24 trials done, {24 - done} in this run" in resumed.out
    assert_once_everywhere(head.home, "slow", 24)


@pytest.mark.usefixtures("token")
def test_a_job_goes_on_without_who_watches_until_it_is_stopped_at_once(
    head: RayHead, tmp_path: Path, no_report: tuple[str, str]
) -> None:
    file, _ = write_gated_study(tmp_path, "endless")
    to = ("--address", head.address)
    watcher = Command(
        "submit", file, *to, "--working-dir", file.parent, *no_report, folder=tmp_path
    )
    wait_for_parts(head.home, "endless")
    watcher.press_ctrl_c()
    ended = watcher.end()
    assert ended.code == 130 and "Traceback" not in ended.err, ended
    assert "no longer watching; job endless-1 goes on (gradscape logs endless -f" in ended.err
    assert not jobs_api(head).job("endless-1").ended

    # Its driver is there, trains, and does as it is told.
    wait_for_parts(head.home, "endless", 2)
    started = time.monotonic()
    stopped = said("stop", "endless", "--now", *to, folder=tmp_path)
    assert stopped.code == 0 and "asked to end at once" in stopped.out, stopped
    assert time.monotonic() - started < 240  # of five minutes
    wait_for_state(head, "endless-1", "STOPPED")
    log = said("logs", "endless", *to, folder=tmp_path)
    assert log.code == 0 and "stopping at once; the same command goes on" in log.out
    assert "Traceback" not in log.out


@pytest.mark.usefixtures("token")
def test_two_studies_share_the_cluster(
    head: RayHead, tmp_path: Path, no_report: tuple[str, str]
) -> None:
    """The later study trains while the earlier one does, which has work for a long time yet."""
    names = ["first", "second"]
    studies = [write_gated_study(tmp_path, name) for name in names]
    for name, (file, _) in zip(names, studies, strict=True):
        file.write_text(file.read_text().replace("workers: 2", "workers: auto"))
        to = ("--address", head.address, "--working-dir", file.parent, *no_report, "--no-wait")
        begun = said("submit", file, *to, folder=tmp_path)
        assert begun.code == 0, begun
        wait_for_parts(head.home, name)
    assert not jobs_api(head).job(f"{names[0]}-1").ended
    for name, (_, gate) in zip(names, studies, strict=True):
        gate.touch()
        wait_for_state(head, f"{name}-1", "SUCCEEDED")
        assert_once_everywhere(head.home, name, 24)


@pytest.mark.usefixtures("token")
def test_what_is_wrong_there_is_told_here(head: RayHead, tmp_path: Path) -> None:
    to = ("--address", head.address)
    file = write(tmp_path, "unset", STUDY + "storage: ${NOWHERE_DB}\n")
    ended = said("submit", file, *to, folder=tmp_path)
    assert ended.code == 2, ended
    assert (
        "gradscape: unset.yaml: storage: environment variable NOWHERE_DB is not set" in ended.out
    )
    assert "job unset-1 failed (exit code 2)" in ended.err

    file = write(tmp_path, "python")
    ended = said("submit", file, *to, "--python", "/usr/bin/no-python", folder=tmp_path)
    assert ended.code == 2, ended
    assert "gradscape: /usr/bin/no-python on the head has no gradscape" in ended.out

    network = STUDY.replace("network: mlp", "network: nets:deep").replace("  width: 16\n", "")
    network = network.replace("  activation: tanh\n  initialization: orthogonal\n", "")
    file = write(tmp_path, "code", network)
    ended = said("submit", file, *to, folder=tmp_path)
    assert ended.code == 2 and "cannot import 'nets' for 'nets:deep'" in ended.out, ended
    (tmp_path / "nets.py").write_text(NETWORK)
    ended = said("submit", file, *to, folder=tmp_path)
    assert ended.code == 2, ended
    assert "nets:deep is code of your own beside the study file; send it along" in ended.err

    for command in ("status", "logs", "stop"):
        ended = said(command, "nothing", *to, folder=tmp_path)
        assert ended.code == 2 and "no job of study 'nothing' on http" in ended.err, ended


@pytest.mark.usefixtures("token")
def test_variables_of_a_job_are_seen_by_others_and_so_refused(
    head: RayHead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: tuple[str, str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "open-sesame-77")
    file = write(tmp_path, "secret")
    to = ("--address", head.address, *no_report, "--no-wait")
    ended = said("submit", file, *to, "--env", "DB_PASSWORD", folder=tmp_path)
    assert ended.code == 2 and "--env: DB_PASSWORD looks like a secret" in ended.err, ended
    assert head.logged("open-sesame-77") == []
    # The reason for it: Ray's agents write a job's variables down.
    ended = said("submit", file, *to, "--env-visible", "DB_PASSWORD", folder=tmp_path)
    assert ended.code == 0, ended
    wait_for_state(head, "secret-1", "SUCCEEDED")
    assert "runtime_env_agent.log" in head.logged("open-sesame-77")
    # Nothing of ours shows it, and the token of the cluster shows nowhere.
    assert "open-sesame-77" not in jobs_api(head).log("secret-1")
    home = [path for path in head.home.rglob("*") if path.is_file()]
    assert home and not any(b"open-sesame-77" in path.read_bytes() for path in home)
    assert not any(TOKEN.encode() in path.read_bytes() for path in home)
    assert head.logged(TOKEN) == []


COMMANDS = {
    "submit": ("submit", "small.yaml"),
    "status": ("status", "small"),
    "logs": ("logs", "small"),
    "stop": ("stop", "small"),
    "list": ("list",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_and_with_a_wrong_token(
    head: RayHead,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gradscape: Gradscape,
    command: str,
) -> None:
    write(tmp_path, "small")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    ended = gradscape(*COMMANDS[command], "--address", head.address)
    assert ended.code == 2 and ended.out == "", ended
    assert ended.err == (
        f"gradscape: --address: {head.address} asks for a token (401); set one of "
        "RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token, as on its nodes\n"
    )
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a-wrong-token-77")
    ended = gradscape(*COMMANDS[command], "--address", head.address)
    assert ended.code == 2 and ended.out == "", ended
    assert ended.err == (
        f"gradscape: --address: {head.address} does not take this token (403); the one on its "
        "nodes must stand in RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token\n"
    )
