"""A driver on Ray that dies or is told to stop; afterwards the same command goes on.

The same without Ray is in `test_drivers_of_a_data_base`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import load_trials
from tests.support.driver import Command, gradscape, write_slow_study
from tests.support.left_behind import (
    assert_once_everywhere,
    assert_same_study,
    mlflow_runs,
    optuna_trials,
)

pytestmark = pytest.mark.slow

LOCAL, RAY = ("--local-mode", "--no-report"), ("--no-report",)
"""What goes on after a disturbance does so in one process: `tests/study/jobs/test_on_ray` goes on
on Ray, and starting another one takes long."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of the slow study run in one go."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = gradscape("run", write_slow_study(folder, seconds="0.0"), *LOCAL, folder=folder)
    assert ended.code == 0, ended
    return folder / "gradscape"


def test_killed_in_the_middle(tmp_path: Path, undisturbed: Path) -> None:
    # Slow enough that MLflow, which opens meanwhile, has its run long before the end.
    file, home = write_slow_study(tmp_path, seconds="0.15"), tmp_path / "gradscape"
    driver = Command("run", file, *RAY, folder=tmp_path)
    driver.wait_for_parts(home, 2)
    driver.wait_for_parts(home, 1, table="runs")
    driver.kill()
    recorded = load_trials("slow", home=home).set_index("trial")
    assert 8 <= len(recorded) < 24
    assert "RUNNING" in {trial.state.name for trial in optuna_trials(home, "slow")}

    write_slow_study(tmp_path, seconds="0.0")
    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0, ended
    table = assert_once_everywhere(home, "slow", 24).set_index("trial")
    # What the killed driver had recorded was not trained again.
    kept = table.loc[recorded.index, "train_seconds"]
    assert kept.tolist() == recorded["train_seconds"].tolist()
    assert_same_study(home, undisturbed, "slow", rtol=1e-9)
    parents, _ = mlflow_runs(home, "slow")
    assert [run.info.status for run in parents] == ["KILLED", "FINISHED"]
    # Ray's agents notice last that the driver is gone.
    assert driver.left_over() == []


def test_ctrl_c_once_finishes_what_is_training(tmp_path: Path, undisturbed: Path) -> None:
    file, home = write_slow_study(tmp_path), tmp_path / "gradscape"
    driver = Command("run", file, *RAY, folder=tmp_path)
    driver.wait_for_parts(home, 1)
    driver.press_ctrl_c()
    ended = driver.end()
    assert ended.code == 130, ended
    assert "finishing the cohorts in training" in ended.err
    assert "Traceback" not in ended.err and "Traceback" not in ended.out
    done = len(load_trials("slow", home=home))
    # One cohort was in training for each worker.
    assert 4 < done < 24
    assert f"{done} of 24 trials done" in ended.out and "the same command goes on" in ended.out
    assert driver.left_over() == [] and driver.temporary_files == []
    states = [trial.state.name for trial in optuna_trials(home, "slow")]
    assert states.count("COMPLETE") == done
    parents, children = mlflow_runs(home, "slow")
    assert [run.info.status for run in parents] == ["KILLED"] and len(children) == done

    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0 and f"{24 - done} in this run" in ended.out
    assert_once_everywhere(home, "slow", 24)
    assert_same_study(home, undisturbed, "slow", rtol=1e-9)


def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    # After the first cohorts none would end within five minutes.
    file = write_slow_study(tmp_path, seconds="0.02 if self.depth not in (2, 3, 4) else 10.0")
    home = tmp_path / "gradscape"
    driver = Command("run", file, *RAY, folder=tmp_path)
    driver.wait_for_parts(home, 1)
    driver.press_ctrl_c()
    driver.wait_for_words("finishing the cohorts in training")
    driver.press_ctrl_c()
    ended = driver.end()
    assert ended.code == 130, ended
    assert ended.seconds < 200  # of five minutes
    assert "stopping at once; the same command goes on" in ended.err
    assert "Traceback" not in ended.err
    assert driver.left_over() == [] and driver.temporary_files == []
    done = load_trials("slow", home=home)["trial"]
    assert 4 <= len(done) < 24
    write_slow_study(tmp_path, seconds="0.0")
    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0 and f"{24 - len(done)} in this run" in ended.out
    assert_once_everywhere(home, "slow", 24)


def test_taken_over_by_a_second_driver(tmp_path: Path, undisturbed: Path) -> None:
    file, home = write_slow_study(tmp_path, seconds="0.4"), tmp_path / "gradscape"
    former = Command("run", file, *RAY, folder=tmp_path)
    former.wait_for_parts(home, 1)
    write_slow_study(tmp_path, seconds="0.0")  # The taker need not be slow.
    taker = Command("run", file, *LOCAL, "--take-over", folder=tmp_path)
    ended = former.end()
    assert ended.code == 1 and "Traceback" not in ended.err, ended
    last = ended.err.splitlines()[-1]
    assert last.startswith(f"gradscape: study slow was taken over by process {taker.process.pid} ")
    assert last.endswith("; this run has ended and wrote nothing after that")
    took = taker.end()
    assert took.code == 0, took
    assert f"study slow was taken over from process {former.process.pid} of " in took.err
    assert_once_everywhere(home, "slow", 24)
    assert_same_study(home, undisturbed, "slow", rtol=1e-9)
    parents, _ = mlflow_runs(home, "slow")
    assert [run.info.status for run in parents] == ["KILLED", "FINISHED"]
    assert former.left_over() == []
