"""What `run_study` promises, in this process; other files disturb it from outside."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import Dispatcher, InProcessDispatcher
from study.monitoring.study_result import StudyResult
from study.tracking import NullTracker, RunStatus, TrackingUnavailable
from tests.study.commands.conftest import STUDY, Gradscape, gradscape, study_file
from tests.support.driver import Command, write_slow_study
from tests.support.left_behind import (
    assert_once_everywhere,
    assert_same_study,
    mlflow_runs,
    optuna_trials,
)

__all__ = ["gradscape", "study_file"]


class AwayForReports(NullTracker):
    """Takes trials; the server goes away so many times when the report comes."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.ended: list[str] = []

    def log_report(self, folder: Path) -> None:
        if self.times > 0:
            self.times -= 1
            raise TrackingUnavailable("MLflow does not answer")

    def close(self, status: RunStatus) -> None:
        self.ended.append(status)


HALVES = """
from torch import nn

def stacked(hyperparameters, task):
    if hyperparameters["depth"] == FAILS:
        raise ValueError("no such depth yet")
    layers = [nn.Flatten(), Fragile(hyperparameters["depth"])]
    features = task.features
    for _ in range(hyperparameters["depth"]):
        layers += [nn.Linear(features, 8), nn.Tanh()]
        features = 8
    return nn.Sequential(*layers, nn.Linear(features, task.outputs))

class Fragile(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.depth = depth
        self.calls = 0

    def forward(self, inputs):
        self.calls += 1
        if self.depth == BREAKS and self.calls > 25:
            raise RuntimeError("my layer is broken")
        return inputs
"""
"""A network of the person's own that fails as the tests say."""


def config(dtype: str = "float64", trials: int = 40) -> StudyConfig:
    return StudyConfig.from_text(
        STUDY.replace("width: 16", f"width: 16\n  dtype: {dtype}")
        .replace("high: 10.0", "high: 1.0")
        .replace("steps: 60", "steps: 40")
        .replace("trials: 12", f"trials: {trials}")
    )


class OneCohort(InProcessDispatcher):
    """Is asked to stop while the first cohort is in training."""

    def run(self, queue, train, deliver, *, stop) -> None:
        def train_and_stop(cohort):
            stop.set()
            return train(cohort)

        super().run(queue, train_and_stop, deliver, stop=stop)


def run(home: Path, study: StudyConfig, dispatcher: Dispatcher | None = None) -> StudyResult:
    return run_study(
        study,
        home=home,
        dispatcher=dispatcher or InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-5)])
def test_a_study_stopped_and_extended_is_the_study_run_in_one_go(
    tmp_path: Path, dtype: str, rtol: float
) -> None:
    run(tmp_path / "whole", config(dtype))
    home = tmp_path / "pieces"
    first = run(home, config(dtype, trials=17), OneCohort())
    assert first.stopped and not first.complete and 0 < first.done < 17
    second = run(home, config(dtype, trials=17))
    assert second.complete and (second.done, second.trained) == (17, 17 - first.done)
    third = run(home, config(dtype))
    assert third.complete and (third.done, third.trained) == (40, 23)
    assert_same_study(home, tmp_path / "whole", "small", rtol=rtol)


def test_a_done_study_keeps_no_checkpoints(tmp_path: Path) -> None:
    """One may be left of a cohort that was cut off and then packed with other trials."""
    first = run(tmp_path, config(trials=17), OneCohort())
    assert not first.complete
    left = first.paths.checkpoints / "cohort-of-another-packing.pt"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"state")
    assert run(tmp_path, config(trials=17)).complete
    assert not left.parent.exists()


@pytest.mark.slow
def test_the_report_that_a_run_did_not_come_to_is_made_by_the_next(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "gradscape/studies/small/report/index.html"
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    assert not page.exists()
    said = gradscape("run", study_file, "--local-mode")
    assert said.code == 0 and str(page.relative_to(tmp_path)) in said.out
    assert page.exists()
    written = page.stat().st_mtime_ns
    again = gradscape("run", study_file, "--local-mode")
    assert again.code == 0 and "nothing to do" in again.out
    assert page.stat().st_mtime_ns == written


@pytest.mark.parametrize(("times", "ended"), [(2, ["FINISHED"]), (10**6, [])])
def test_an_mlflow_away_at_the_end_gets_the_report_late_or_the_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, ended: list[str]
) -> None:
    monkeypatch.setattr("study.run.finish.WAIT_S", 0.5)
    monkeypatch.setattr("study.run.finish.RETRY_S", 0.1)
    tracker = AwayForReports(times)
    result = run_study(
        config(trials=2),
        home=tmp_path,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: tracker,
        publish=lambda paths, on_stage: paths.report,
    )
    assert result.complete and tracker.ended == ended
    assert (result.notice is None) == bool(ended)
    assert ended or "MLflow does not answer; it has the trials, but not" in str(result.notice)


def own(folder: Path, *, fails: int = 0, breaks: int = 0) -> Path:
    """A study of the network above; a new module each time, since Python keeps the old one."""
    name = f"halves_{fails}_{breaks}_{folder.name}"
    text = HALVES.replace("FAILS", str(fails)).replace("BREAKS", str(breaks))
    (folder / f"{name}.py").write_text(text)
    path = folder / "own.yaml"
    path.write_text(
        f"""
study: own
task: digits
network: {name}:stacked
hyperparameters: {{depth: [1, 2, 3], learning_rate: {{low: 0.01, high: 0.5}}, batch_size: 32}}
steps: 30
trials: 24
"""
    )
    return path


@pytest.mark.slow
def test_a_network_that_fails_in_training_is_named_and_what_was_trained_is_kept(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    file, home = own(tmp_path, breaks=1), tmp_path / "gradscape"
    said = gradscape("run", file, "--local-mode")
    assert said.code == 1, said
    line = said.err.splitlines()[-1]
    assert line.startswith("gradscape: training trials ")
    assert "RuntimeError: my layer is broken" in line and "line 23, in forward" in line
    assert "Traceback" not in said.err
    # Depth 3 and 2 came first, and are where they belong.
    kept = load_trials("own", home=home)
    assert len(kept) == 16 and set(kept["depth"]) == {2, 3}
    parents, children = mlflow_runs(home, "own")
    assert [parent.info.status for parent in parents] == ["FAILED"]
    assert [run.info.run_id for run in children] == kept["mlflow_run_id"].tolist()
    complete = [one.number for one in optuna_trials(home, "own") if one.state.name == "COMPLETE"]
    assert complete == kept["trial"].tolist()


def test_a_network_that_cannot_be_built_for_one_value_is_named(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    said = gradscape("run", own(tmp_path, fails=2), "--local-mode")
    assert said.code == 2, said
    line = said.err.splitlines()[-1]
    assert line.startswith("gradscape: ") and "network: the network cannot be built" in line
    assert "depth=2" in line and "ValueError: no such depth yet" in line
    assert "Traceback" not in said.err


@pytest.mark.slow
def test_a_mended_network_goes_on_with_the_same_command(
    gradscape: Gradscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = own(tmp_path, breaks=1)
    assert gradscape("run", file, "--local-mode", "--no-report").code == 1
    module = file.read_text().split("network: ")[1].split(":")[0]
    mended = HALVES.replace("FAILS", "0").replace("BREAKS", "0")
    (tmp_path / f"{module}.py").write_text(mended + "\n# mended\n")
    monkeypatch.delitem(__import__("sys").modules, module)
    said = gradscape("run", file, "--local-mode", "--no-report")
    assert said.code == 0 and "24 of 24 trials done, 8 in this run" in said.out
    assert_once_everywhere(tmp_path / "gradscape", "own", 24)


@pytest.mark.slow
def test_a_second_driver_is_told_who_holds_the_study(gradscape: Gradscape, tmp_path: Path) -> None:
    file, home = write_slow_study(tmp_path, seconds="1.0"), tmp_path / "gradscape"
    first = Command("run", file, "--local-mode", folder=tmp_path)
    try:
        first.wait_for_text(home / "studies/slow/driver.lock")
        said = gradscape("run", file, "--local-mode")
    finally:
        first.kill()
    assert said.code == 2 and said.err.count("\n") == 1, said
    held = json.loads((home / "studies/slow/driver.lock").read_text())
    assert held["pid"] == first.process.pid
    who = f"process {held['pid']} of {held['user']} on {held['host']} since "
    assert f"study slow is being run by {who}" in said.err
    assert "its lease ends with that process" in said.err and "--take-over" in said.err
    assert 0 < time.time() - held["since"] < 120


GREEDY = """
from torch import nn

class Greedy(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.depth = depth

    def forward(self, inputs):
        if self.depth == 2 and len(inputs) > 2:
            raise MemoryError("no room for this layer")
        return inputs

def greedy(hyperparameters, task):
    layers = [nn.Flatten(), Greedy(hyperparameters["depth"])]
    return nn.Sequential(*layers, nn.Linear(task.features, 8), nn.Linear(8, task.outputs))
"""
"""A network whose trials of depth 2 no worker survives."""


@pytest.mark.slow
def test_trials_lost_too_often_are_fail_with_their_reason_and_the_study_goes_on(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    (tmp_path / "greedy_network.py").write_text(GREEDY)
    file, home = tmp_path / "greedy.yaml", tmp_path / "gradscape"
    file.write_text(
        """
study: greedy
task: digits
network: greedy_network:greedy
hyperparameters: {depth: [1, 2, 3], learning_rate: {low: 0.01, high: 0.5}, batch_size: 32}
steps: 20
trials: 9
resources: {max_retries: 1}
"""
    )
    said = gradscape("run", file, "--local-mode", "--no-report")
    assert said.code == 1, said
    trials = optuna_trials(home, "greedy")
    lost = [one for one in trials if one.params["depth"] == 2]
    assert lost and {one.state.name for one in lost} == {"FAIL"}
    assert all("no room for this layer" in one.user_attrs["failure"] for one in lost)
    done = 9 - len(lost)
    assert len(load_trials("greedy", home=home)) == done
    assert f"{done} of 9 trials done, {done} in this run" in said.out
    for one in lost:
        assert f"gradscape: trial {one.number} failed: MemoryError: no room" in said.err
    # They are not run again, and not forgotten.
    again = gradscape("run", file, "--local-mode", "--no-report", "--json")
    assert again.code == 1
    told = json.loads(again.out)
    assert (told["complete"], told["trained"], told["done"]) == (False, 0, done)
    assert sorted(map(int, told["failed"])) == [one.number for one in lost]
    # The study goes on beyond them.
    more = gradscape("run", file, "--local-mode", "--no-report", "--trials", 12)
    assert more.code == 1 and " of 12 trials done, " in more.out
    assert len(load_trials("greedy", home=home)) > done
