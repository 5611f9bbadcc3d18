"""MLflow goes away, comes back, or never answers: no trial is lost, none is shown twice."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import load_trials
from tests.study.commands.conftest import STUDY, Gradscape, gradscape
from tests.support.driver import Command, write_slow_study
from tests.support.left_behind import assert_once_everywhere, mlflow_runs, optuna_trials
from tests.support.mlflow_server import MlflowServer

__all__ = ["gradscape"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    (tmp_path / "server").mkdir()
    made = MlflowServer(tmp_path / "server")
    yield made
    made.stop()


@pytest.mark.slow
def test_stopped_in_the_middle_and_started_again(tmp_path: Path, server: MlflowServer) -> None:
    server.start()
    # 2 s a cohort: the server is back before the last one is trained, or soon after.
    file = write_slow_study(tmp_path, seconds="0.06", extra=f"tracking_uri: {server.uri}\n")
    home = tmp_path / "gradscape"
    driver = Command("run", file, "--local-mode", "--no-report", folder=tmp_path)
    driver.wait_for_parts(home, 2)
    server.stop()
    driver.wait_for_parts(home, 4)
    assert {one.state.name for one in optuna_trials(home, "slow")} == {"COMPLETE", "RUNNING"}
    server.start()
    ended = driver.end()
    assert ended.code == 0, ended
    assert "24 of 24 trials done, 24 in this run" in ended.out
    assert f"MLflow   {server.uri}" in ended.out
    assert_once_everywhere(home, "slow", 24, server.uri)
    parents, _ = mlflow_runs(home, "slow", server.uri)
    assert [run.info.status for run in parents] == ["FINISHED"]


@pytest.mark.slow
def test_never_there_and_then_there(
    gradscape: Gradscape, tmp_path: Path, server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, home = tmp_path / "small.yaml", tmp_path / "gradscape"
    file.write_text(STUDY + f"tracking_uri: {server.uri}\n")
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 2.0)
    said = gradscape("run", file, "--local-mode")
    assert said.code == 1, said
    assert said.err.splitlines()[-1] == (
        "gradscape: 12 trials are recorded but not yet in MLflow and Optuna (MLflow at "
        f"{server.uri} does not answer: Connection refused); the same command delivers them"
    )
    assert "Traceback" not in said.err
    assert (home / "studies/small/report/index.html").exists()
    before = load_trials("small", home=home)
    assert len(before) == 12 and before["mlflow_run_id"].isna().all()
    parts = {path: path.stat().st_mtime_ns for path in home.glob("studies/small/tables/*/*")}
    assert {one.state.name for one in optuna_trials(home, "small")} == {"RUNNING"}

    server.start()
    said = gradscape("run", file, "--local-mode")
    assert said.code == 0, said
    assert "12 of 12 trials done, 0 in this run; 12 of earlier runs delivered" in said.out
    after = assert_once_everywhere(home, "small", 12, server.uri)
    assert after["train_seconds"].tolist() == before["train_seconds"].tolist()
    assert {path: path.stat().st_mtime_ns for path in parts} == parts
    again = gradscape("run", file, "--local-mode")
    assert again.code == 0 and "nothing to do" in again.out


@pytest.mark.slow
def test_ctrl_c_twice_stops_at_once_though_mlflow_never_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that accepts and keeps silent: stopping took as long as two calls.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "250")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        file = write_slow_study(tmp_path, extra=f"tracking_uri: {uri}\n")
        driver = Command("run", file, "--local-mode", "--no-report", folder=tmp_path)
        driver.wait_for_parts(tmp_path / "gradscape", 1)
        driver.press_ctrl_c()
        driver.wait_for_words("finishing the cohorts in training")
        driver.press_ctrl_c()
        ended = driver.end()
    assert ended.code == 130 and ended.seconds < 200, ended
    assert "Traceback" not in ended.err
    assert len(load_trials("slow", home=tmp_path / "gradscape")) >= 4


def test_a_run_that_somebody_deleted_costs_no_result(
    gradscape: Gradscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # MLflow then refuses, with another error than when it is away: that ended the study with a
    # traceback.
    from study.tracking import MlflowTracker

    log_trials = MlflowTracker.log_trials

    def deleted_meanwhile(self, tables, *, maybe_logged=False):
        logged = log_trials(self, tables, maybe_logged=maybe_logged)
        self._client.delete_run(self.parent_run_id)
        return logged

    monkeypatch.setattr("study.run.finish.WAIT_S", 1.0)
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 1.0)
    monkeypatch.setattr(MlflowTracker, "log_trials", deleted_meanwhile)
    file = tmp_path / "small.yaml"
    file.write_text(STUDY)
    said = gradscape("run", file, "--local-mode", "--no-report")
    assert said.code == 1 and "refuses: " in said.err.splitlines()[-1], said
    assert len(load_trials("small", home=tmp_path / "gradscape")) == 12
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    said = gradscape("run", file, "--local-mode", "--no-report")
    assert said.code == 0, said
    home = tmp_path / "gradscape"
    assert {one.state.name for one in optuna_trials(home, "small")} == {"COMPLETE"}
    _, children = mlflow_runs(home, "small")
    assert [run.data.tags["gradscape.trial"] for run in children] == [str(n) for n in range(12)]
