"""status, logs, stop and list of a study of this home, while it runs and afterwards."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.study.commands.conftest import STUDY, Gradscape
from tests.support.driver import Command, write_slow_study

LOCAL = ("--local-mode", "--no-report")


@pytest.mark.slow
def test_a_done_study(gradscape: Gradscape, study_file: Path) -> None:
    assert gradscape("run", study_file, *LOCAL, "--trials", "14").code == 0
    said = gradscape("status", "small")
    assert said.code == 0
    assert said.out.startswith("study small: done, last run ended 2")
    assert "14 of 14 trials done, 0 left" in said.out
    told = json.loads(gradscape("status", study_file, "--json").out)
    assert told["state"] == "done" and told["trials"] == told["done"] == 14
    assert told["undelivered"] == told["running"] == told["failed"] == 0
    assert sum(told["verdicts"].values()) == 14
    assert told["holder"] is None and told["last_error"] is None and told["notices"] == []

    log = gradscape("logs", "small")
    assert log.code == 0
    assert f"process {os.getpid()} on " in log.out and "begins: 14 trials" in log.out
    assert log.out.rstrip().endswith("14 of 14 trials done")
    assert gradscape("logs", "small", "-f").out == log.out

    stopped = gradscape("stop", "small")
    assert stopped.code == 2
    assert stopped.err == "gradscape: study small is not being run\n"
    assert json.loads(gradscape("list", "--json").out)[0]["running"] is False


@pytest.mark.slow
def test_a_failed_study_says_why(gradscape: Gradscape, tmp_path: Path) -> None:
    # It breaks after the steps in which it is tried: those end with exit code 2.
    calls = "self.__dict__.update(calls=self.__dict__.get('calls', 0) + 1)"
    file = write_slow_study(tmp_path, seconds=f"{calls} or (1 / 0 if self.calls > 8 else 0.0)")
    assert gradscape("run", file, *LOCAL).code == 1
    told = json.loads(gradscape("status", "slow", "--json").out)
    assert told["state"] == "failed" and told["done"] == 0 and told["left"] == 24
    assert told["running"] == 0  # Nobody trains what it had begun.
    assert "ZeroDivisionError" in told["last_error"]
    said = gradscape("status", "slow")
    assert "last error: training trials" in said.out and "ZeroDivisionError" in said.out
    assert "failed: training trials" in gradscape("logs", "slow").out


@pytest.mark.parametrize("command", ["status", "logs", "stop"])
def test_no_such_study(gradscape: Gradscape, tmp_path: Path, command: str) -> None:
    said = gradscape(command, "small")
    assert said.code == 2
    assert said.err == "gradscape: no study 'small': no studies in ./gradscape\n"
    (tmp_path / "gradscape" / "studies" / "small").mkdir(parents=True)
    said = gradscape(command, "smal")
    assert said.code == 2
    assert "unknown study 'smal'; did you mean 'small'? known: small" in said.err
    said = gradscape(command, "../studies/small")
    assert said.code == 2 and said.err.startswith("gradscape: STUDY: must be 1 to 100 letters")


@pytest.mark.parametrize("command", ["status", "logs", "stop", "list"])
def test_a_home_is_of_this_machine(gradscape: Gradscape, command: str) -> None:
    study = [] if command == "list" else ["small"]
    said = gradscape(command, *study, "--address", "http://127.0.0.1:1", "--home", "h")
    assert said.code == 2 and "--home: is of this machine and has no meaning" in said.err


@pytest.mark.slow
def test_a_storage_that_cannot_be_asked_is_told(
    gradscape: Gradscape, study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_file.write_text(STUDY + "storage: ${STUDIES_DB}\n")
    monkeypatch.setenv("STUDIES_DB", f"sqlite:///{tmp_path / 'optuna.db'}")
    assert gradscape("run", study_file, *LOCAL).code == 0
    monkeypatch.delenv("STUDIES_DB")
    told = json.loads(gradscape("status", "small", "--json").out)
    assert told["done"] == told["trials"] == 12
    assert "the storage was not asked" in told["notices"][0]
    assert "STUDIES_DB is not set" in told["notices"][0]


@pytest.mark.slow
def test_what_is_recorded_and_not_delivered_is_counted(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    study_file.write_text(STUDY + "tracking_uri: http://127.0.0.1:9\n")
    assert gradscape("run", study_file, *LOCAL).code == 1
    told = json.loads(gradscape("status", "small", "--json").out)
    assert told["state"] == "incomplete"
    assert told["done"] == told["undelivered"] == 12 and told["left"] == 0
    said = gradscape("status", "small")
    assert "12 trials done are not yet in Optuna and MLflow" in said.out


@pytest.mark.slow
@pytest.mark.parametrize("now", [False, True], ids=["gracefully", "now"])
def test_a_running_study_is_seen_and_stopped(
    gradscape: Gradscape, tmp_path: Path, now: bool
) -> None:
    file = write_slow_study(tmp_path, seconds="0.05 if self.depth in (1, 6) or not NOW else 10.0")
    network = tmp_path / "slow_network.py"
    network.write_text(f"NOW = {now}\n{network.read_text()}")
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(tmp_path / "gradscape", 1)
    told = json.loads(gradscape("status", "slow", "--json").out)
    assert told["state"] == "running" and told["trials"] == 24
    assert told["holder"].startswith(f"process {driver.process.pid} of ")
    assert abs(told["since"] - time.time()) < 60
    assert told["done"] + told["left"] == 24 and told["running"] >= 4
    assert f"running, process {driver.process.pid} of" in gradscape("status", "slow").out
    assert "running" in gradscape("list").out

    follower = Command("logs", "slow", "-f", folder=tmp_path)
    said = gradscape("stop", "slow", *(["--now"] if now else []))
    assert said.code == 0 and f"process {driver.process.pid} of" in said.out
    assert ("at once" if now else "when what is training has finished") in said.out
    ended = driver.end()
    assert ended.code == 130 and "Traceback" not in ended.err
    assert ("stopping at once" in ended.err) == now
    followed = follower.end()
    assert followed.code == 0 and "begins: 24 trials" in followed.out
    assert ("stopped at once" if now else "stopped as asked") in followed.out
    told = json.loads(gradscape("status", "slow", "--json").out)
    assert told["state"] == "incomplete" and told["holder"] is None
    assert driver.left_over() == []


@pytest.mark.slow
def test_a_killed_driver_is_told_from_a_running_one(gradscape: Gradscape, tmp_path: Path) -> None:
    file = write_slow_study(tmp_path)
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(tmp_path / "gradscape", 1)
    driver.kill()
    told = json.loads(gradscape("status", "slow", "--json").out)
    assert told["state"] == "killed" and told["holder"] is None
    said = gradscape("status", "slow").out
    assert f"killed: process {driver.process.pid} on" in said
    assert "ended without a word; the same command goes on" in said
    assert gradscape("stop", "slow").code == 2


@pytest.mark.slow
def test_sigterm_is_taken_like_ctrl_c(tmp_path: Path) -> None:
    file = write_slow_study(tmp_path)
    driver = Command("run", file, "--no-report", folder=tmp_path)  # on Ray, which has a handler
    driver.wait_for_parts(tmp_path / "gradscape", 1)
    os.kill(driver.process.pid, signal.SIGTERM)
    ended = driver.end()
    assert ended.code == 130, ended
    assert "finishing the cohorts in training" in ended.err and "Traceback" not in ended.err
    assert "the same command goes on" in ended.out
    assert driver.left_over() == []
