"""A study as its users run it: check, run, run again, extend, list, report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from analysis import load_layers, load_steps, load_trials
from tests.study.commands.conftest import STUDY, Gradscape


@pytest.mark.slow
def test_run_again_and_extend(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("run", study_file, "--local-mode")
    assert said.code == 0, said
    assert "12 of 12 trials done, 12 in this run" in said.out
    assert "index.html" in said.out
    first = load_trials("small")
    assert first["trial"].tolist() == list(range(12))
    assert first["mlflow_run_id"].notna().all()

    again = gradscape("run", study_file, "--local-mode")
    assert again.code == 0 and "nothing to do" in again.out
    pd.testing.assert_frame_equal(load_trials("small"), first)

    more = gradscape("run", study_file, "--local-mode", "--no-report", "--trials", "20")
    assert more.code == 0 and "20 of 20 trials done, 8 in this run" in more.out
    extended = load_trials("small")
    assert extended["trial"].tolist() == list(range(20))
    pd.testing.assert_frame_equal(extended.head(12), first, check_dtype=False)

    journal = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend("gradscape/studies/small/optuna.journal")
    )
    study = optuna.load_study(study_name="small", storage=journal)
    assert len(study.trials) == 20
    assert all(trial.state is optuna.trial.TrialState.COMPLETE for trial in study.trials)
    assert all(trial.value is not None and trial.value < 1e7 for trial in study.trials)
    told = {trial.number: trial.user_attrs for trial in study.trials}
    for row in extended.to_dict("records"):
        assert told[row["trial"]]["verdict"] == row["verdict"]
        assert told[row["trial"]]["mlflow_run_id"] == row["mlflow_run_id"]

    listed = json.loads(gradscape("list", "--json").out)
    assert listed[0]["study"] == "small" and listed[0]["trials"] == 20
    assert sum(listed[0]["verdicts"].values()) == 20


@pytest.mark.slow
def test_incompatible_space_is_refused_and_leaves_the_study_alone(
    gradscape: Gradscape, study_file: Path
) -> None:
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    before = load_trials("small")
    text = STUDY.replace("[1, 2]", "{low: 1, high: 3}").replace("steps: 60", "steps: 50")
    study_file.write_text(text)
    said = gradscape("run", study_file, "--local-mode")
    assert said.code == 2 and said.err.count("\n") == 1
    assert "steps: was 60, now 50" in said.err
    assert "depth: was [1, 2], now {low: 1, high: 3" in said.err
    assert "(a list and a range cannot follow each other within a study)" in said.err
    pd.testing.assert_frame_equal(load_trials("small"), before)


def test_check_prints_the_plan_and_runs_nothing(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    said = gradscape("check", study_file)
    assert said.code == 0
    assert "12 trials of 60 steps" in said.out and "2 groups that train together" in said.out
    plan = json.loads(gradscape("check", study_file, "--json").out)
    assert plan["groups"] == 2 and plan["trials"] == 12
    assert not (tmp_path / "gradscape").exists()


@pytest.mark.slow
def test_report_again_elsewhere(gradscape: Gradscape, study_file: Path, tmp_path: Path) -> None:
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    said = gradscape("report", "small", "-o", tmp_path / "out", "--json", "--figures", "none")
    assert said.code == 0
    page = Path(json.loads(said.out)["report"])
    assert page == tmp_path / "out" / "index.html" and page.exists()
    assert "12 trials" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_tables_hold_what_the_schema_says(gradscape: Gradscape, study_file: Path) -> None:
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    trials, steps, layers = load_trials("small"), load_steps("small"), load_layers("small")
    assert set(steps["trial"]) == set(trials["trial"]) == set(layers["trial"])
    lasting = trials[trials["steps_run"] == 60]["trial"]
    for trial in lasting:
        seen = steps[steps["trial"] == trial]["step"].tolist()
        assert seen == [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 59]
    depth = trials.set_index("trial")["depth"]
    counted = layers[layers["step"] == 0].groupby("trial")["layer"].max()
    assert (counted == depth + 1).all()
    first = steps[steps["step"] == 0].set_index("trial")["loss"]
    # Of one batch, where the trial's is of a sample of the data.
    initial = trials.set_index("trial")["loss_initial"]
    np.testing.assert_allclose(first, initial.loc[first.index], rtol=0.3)


@pytest.mark.slow
def test_own_network_and_task_run(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        """
import torch
from torch import nn
from study import classification

def parity():
    inputs = torch.randn(400, 6, generator=torch.Generator().manual_seed(0))
    return classification("parity", inputs, (inputs[:, 0] > 0).long(), classes=2, target=0.8)

def gated(hyperparameters, task):
    return nn.Sequential(
        nn.Linear(task.features, hyperparameters["hidden_units"]), nn.Tanh(),
        nn.Linear(hyperparameters["hidden_units"], task.outputs),
    )
"""
    )
    path = tmp_path / "mine.yaml"
    path.write_text(
        """
study: mine
task: mine:parity
network: mine:gated
hyperparameters: {hidden_units: [4, 8], learning_rate: 0.5, batch_size: 20}
steps: 80
trials: 4
"""
    )
    said = gradscape("run", path, "--local-mode", "--no-report", "--json")
    assert said.code == 0, said
    assert json.loads(said.out)["verdicts"]["stable"] == 4


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "check",
        "run",
        "diagnose",
        "report",
        "ui",
        "list",
        "submit",
        "status",
        "logs",
        "stop",
    ],
)
def test_every_command_has_help_with_an_example(gradscape: Gradscape, command: str) -> None:
    said = gradscape(command, "--help")
    assert said.code == 0 and f"Example: gradscape {command}" in said.out


@pytest.mark.slow
def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "study", "init"], capture_output=True, text=True, check=True
    )
    assert "digits-mlp" in done.stdout
