"""The same study on Ray's workers and in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import Dispatcher, InProcessDispatcher, RayTuneDispatcher
from study.dispatch.cluster.ray_cluster import environment
from study.monitoring.study_result import StudyResult
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY
from tests.support.driver import Command, Ended, write_slow_study
from tests.support.left_behind import assert_once_everywhere, assert_same_study
from tests.support.warm import forked_workers

pytestmark = pytest.mark.slow


def run(home: Path, dispatcher: Dispatcher, dtype: str) -> StudyResult:
    text = STUDY.replace("width: 16", f"width: 16\n  dtype: {dtype}")
    text = text.replace("high: 10.0", "high: 1.0").replace("trials: 12", "trials: 40")
    return run_study(
        StudyConfig.from_text(text.replace("steps: 60", "steps: 40")),
        home=home,
        dispatcher=dispatcher,
        open_tracker=lambda config, paths: NullTracker(),
    )


@pytest.fixture(scope="module")
def two_cores() -> Iterator[None]:
    """A Ray of two cores, to which this process is connected."""
    with environment(), forked_workers():
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-5)])
def test_two_workers_give_the_tables_of_one_process(
    tmp_path: Path, dtype: str, rtol: float
) -> None:
    here = run(tmp_path / "here", InProcessDispatcher(), dtype)
    there = run(tmp_path / "there", RayTuneDispatcher(workers=2), dtype)
    assert here.complete and there.complete and there.verdicts == here.verdicts
    assert_same_study(tmp_path / "there", tmp_path / "here", "small", rtol=rtol)


BREAKS = (
    "self.__dict__.update(calls=self.__dict__.get('calls', 0) + 1)"
    " or (1 / 0 if self.depth == 2 and self.calls > 8 else 0.0)"
)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Command, Ended]:
    """A study on Ray whose network breaks for depth 2, after the steps in which it is tried."""
    folder = tmp_path_factory.mktemp("broken")
    file = write_slow_study(folder, seconds=BREAKS)
    command = Command("run", file, "--no-report", folder=folder)
    return folder / "gradscape", command, command.end()


def test_a_network_that_fails_on_a_worker_is_told_in_one_line(
    broken: tuple[Path, Command, Ended],
) -> None:
    _, command, ended = broken
    assert ended.code == 1
    line = ended.err.splitlines()[-1]
    assert line.startswith("gradscape: training trials ")
    assert "ZeroDivisionError: division by zero (slow_network.py, line 14, in forward)" in line
    assert "Traceback" not in ended.err and "Traceback" not in ended.out
    assert command.left_over() == [] and command.temporary_files == []


def test_what_other_workers_trained_before_is_kept(broken: tuple[Path, Command, Ended]) -> None:
    home, _, _ = broken
    assert 2 not in set(load_trials("slow", home=home)["depth"])
    write_slow_study(home.parent, seconds="0.0")
    going_on = ("run", home.parent / "slow.yaml", "--local-mode", "--no-report")
    ended = Command(*going_on, folder=home.parent).end()
    assert ended.code == 0, ended
    assert_once_everywhere(home, "slow", 24)
