"""A study whose space is changed on the way: its trials, its tables, its report."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.monitoring.study_result import StudyResult
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY, Gradscape, gradscape, study_file
from tests.support.left_behind import VARYING, optuna_trials

__all__ = ["gradscape", "study_file"]

WIDER = (
    STUDY.replace("low: 1.0e-3, high: 10.0", "low: 1.0e-6, high: 100.0")
    .replace("width: 16", "width: 32")
    .replace("depth: [1, 2]", "depth: 2\n  clip_norm: [none, 1.0]")
)


class OneCohort(InProcessDispatcher):
    """Is asked to stop while the first cohort is in training."""

    def run(self, queue, train, deliver, *, stop: threading.Event) -> None:
        def train_and_stop(cohort):
            stop.set()
            return train(cohort)

        super().run(queue, train_and_stop, deliver, stop=stop)


def run(
    home: Path, text: str, trials: int, *, stopped: bool = False
) -> tuple[StudyResult, list[str]]:
    notices: list[str] = []
    result = run_study(
        StudyConfig.from_text(text).with_trials(trials),
        home=home,
        dispatcher=OneCohort() if stopped else InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
        on_notice=notices.append,
    )
    return result, notices


@pytest.mark.slow
def test_trials_tables_and_report_of_two_space_versions(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    home = tmp_path / "gradscape"
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    before = load_trials("small", home=home)
    study_file.write_text(WIDER.replace("trials: 12", "trials: 36"))
    said = gradscape("check", study_file)
    assert said.code == 0 and "study small has 12 trials; a run would add 24; " in said.out
    assert "from trial 12 on " in said.out and "width: was 16, now 32" in said.out
    said = gradscape("run", study_file, "--local-mode")
    assert said.code == 0, said
    assert "study small: from trial 12 on " in said.err
    assert "width: was 16, now 32" in said.err and "depth: was [1, 2], now 2" in said.err
    assert "clip_norm: was none, now [none, 1.0]" in said.err
    assert "36 of 36 trials done, 24 in this run" in said.out

    table = load_trials("small", home=home)
    assert table["trial"].tolist() == list(range(36))
    pd.testing.assert_frame_equal(table.iloc[:12], before, check_dtype=False)
    old, new = table.iloc[:12], table.iloc[12:]
    assert set(old["width"]) == {16} and set(new["width"]) == {32}
    assert set(old["depth"]) == {1, 2} and set(new["depth"]) == {2}
    assert np.isinf(old["clip_norm"]).all() and set(new["clip_norm"]) == {np.inf, 1.0}
    assert old["learning_rate"].between(1e-3, 10).all()
    assert (new["learning_rate"] < 1e-3).any() and (new["learning_rate"] > 10).any()
    told = table.attrs["hyperparameters"]
    assert told["learning_rate"] == {"kind": "range", "low": 1e-6, "high": 100.0, "log": True}
    assert told["width"] == {"kind": "choice", "choices": [32, 16]}
    assert told["depth"] == {"kind": "choice", "choices": [2, 1]}
    # Optuna's own view: what varied, each within the ranges of its space version.
    trials = optuna_trials(home, "small")
    assert {trial.state.name for trial in trials} == {"COMPLETE"}
    assert [sorted(trial.params) for trial in (trials[0], trials[35])] == [
        ["depth", "learning_rate"],
        ["clip_norm", "learning_rate"],
    ]
    assert table["learning_rate"].tolist() == [trial.params["learning_rate"] for trial in trials]

    summary = json.loads((home / "studies/small/report/summary.json").read_text())
    assert summary["trials"] == 36
    assert gradscape("report", "small", "-o", tmp_path / "again", "--figures", "none").code == 0
    assert gradscape("check", study_file).code == 0
    again = gradscape("run", study_file, "--local-mode")
    assert again.code == 0 and "nothing to do" in again.out and "from trial" not in again.err


@pytest.mark.slow
def test_unfinished_trials_are_of_the_space_they_were_asked_from(tmp_path: Path) -> None:
    """The first run stops with trials asked and not trained; then the file is changed."""
    first, _ = run(tmp_path / "changed", STUDY, 12, stopped=True)
    assert 0 < first.done < 12
    asked = optuna_trials(tmp_path / "changed", "small")
    assert len(asked) == 12
    result, notices = run(tmp_path / "changed", WIDER, 20)
    assert result.complete and result.trained == 20 - first.done
    assert notices[0].startswith("study small: from trial 12 on ")
    run(tmp_path / "whole", STUDY, 12)
    mine, whole = (load_trials("small", home=tmp_path / name) for name in ("changed", "whole"))
    columns = [name for name in whole.columns if name not in VARYING]
    pd.testing.assert_frame_equal(
        mine.iloc[:12][columns], whole[columns], check_dtype=False, rtol=1e-5
    )
    assert set(mine["width"].iloc[12:]) == {32}


def test_a_change_before_the_last_trials_are_asked(tmp_path: Path) -> None:
    """With several seeds a configuration stays in the space version in which it began."""
    first, second = STUDY + "seeds: 4\n", WIDER + "seeds: 4\n"
    run(tmp_path, first, 6)
    result, notices = run(tmp_path, second, 12)
    assert result.complete and notices[0].startswith("study small: from trial 8 on ")
    table = load_trials("small", home=tmp_path)
    assert table["width"].tolist() == [16] * 8 + [32] * 4
    assert table["configuration"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert table.groupby("configuration")["learning_rate"].nunique().tolist() == [1, 1, 1]


def test_a_hyperparameter_of_ones_own_that_came_later_is_null_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_net.py").write_text(
        "from torch import nn\n"
        "def own(hyperparameters, task):\n"
        "    width = hyperparameters.get('units', 8)\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, width), nn.Tanh(),\n"
        "                         nn.Linear(width, task.outputs))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = """
study: small
task: digits
network: own_net:own
hyperparameters: {learning_rate: {low: 0.01, high: 0.5}, batch_size: 32}
steps: 30
trials: 4
"""
    run(tmp_path, text, 4)
    result, _ = run(tmp_path, text.replace("batch_size", "units: [4, 8], batch_size"), 12)
    assert result.complete
    table = load_trials("small", home=tmp_path)
    assert table["units"].isna().tolist() == [True] * 4 + [False] * 8
    assert set(table["units"].iloc[4:]) == {4, 8}


def test_a_grid_grows_to_the_cells_that_are_left(tmp_path: Path) -> None:
    grid = STUDY.replace("{low: 1.0e-3, high: 10.0, log: true}", "0.1") + "sampler: grid\n"
    run(tmp_path, grid.replace("trials: 12", ""), 2)
    larger = StudyConfig.from_text(
        grid.replace("trials: 12", "").replace("width: 16", "width: [8, 16, 32]")
    )
    # A grid's trials are its cells: three times two, of which two were run.
    assert larger.trials == 6
    result = run_study(
        larger,
        home=tmp_path,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    assert (result.done, result.trained) == (6, 4)
    table = load_trials("small", home=tmp_path)
    assert len(table[["depth", "width"]].drop_duplicates()) == 6


@pytest.mark.slow
def test_what_cannot_change_is_refused_and_changes_nothing(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    home = tmp_path / "gradscape"
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    journal = (home / "studies/small/optuna.journal").read_bytes()
    study_file.write_text(
        WIDER.replace("depth: 2", "depth: {low: 1, high: 4}").replace("steps: 60", "steps: 30")
    )
    assert gradscape("check", study_file).code == 2
    said = gradscape("run", study_file, "--local-mode", "--trials", 24)
    assert said.code == 2 and said.err.count("\n") == 1
    assert "restore: steps: was 60, now 30; depth: was [1, 2], now {low: 1, high: 4" in said.err
    assert "(a list and a range cannot follow each other" in said.err
    assert "width" not in said.err  # It may change.
    assert (home / "studies/small/optuna.journal").read_bytes() == journal


@pytest.mark.slow
def test_a_change_without_further_trials_is_told(tmp_path: Path) -> None:
    run(tmp_path, STUDY, 12)
    result, notices = run(tmp_path, WIDER, 12)
    assert result.complete and result.trained == 0
    assert len(notices) == 1 and "no effect yet of" in notices[0]
    _, notices = run(tmp_path, STUDY, 16)
    assert notices == []
