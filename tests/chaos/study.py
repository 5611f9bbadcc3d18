"""The study of the chaos test, its driver, and the same study undisturbed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from analysis import load_layers, load_steps, load_trials
from tests.driver import ROOT, SLOW_NETWORK

NAME = "chaos"

STUDY = """
study: chaos
task: digits
network: slow_network:slow
hyperparameters:
  depth: {low: 1, high: 24}
  initialization: [orthogonal, small_normal]
  learning_rate: {low: 1.0e-3, high: 1.0, log: true}
  batch_size: [16, 24, 32]
  dtype: float64
steps: 20
trials: TRIALS
resources: {workers: auto}
"""
"""Some 70 kinds of network and batch, so that 400 trials are more than 70 cohorts."""

VARYING = ["train_seconds", "mlflow_run_id"]
"""Columns in which two runs of the same study differ."""

RTOL = 1e-9
"""Cohorts are packed in another way after each fault, which changes the rounding of float64."""

RTOL_FLOAT32 = 2.0**-23
"""The tables keep figures of layers in float32: what differs in the last place of float64 may be
rounded to the next one."""


def write_study(folder: Path, *, trials: int, seconds: float, extra: str = "") -> Path:
    """The study file, with its network beside it.

    Args:
        folder: Where to.
        trials: Of the study.
        seconds: What a step takes beside its arithmetic.
        extra: Further lines of the study file.
    """
    (folder / "slow_network.py").write_text(SLOW_NETWORK.replace("SECONDS", str(seconds)))
    path = folder / "chaos.yaml"
    path.write_text(STUDY.replace("TRIALS", str(trials)) + extra)
    return path


def undisturbed(folder: Path, *, trials: int) -> Path:
    """Home folder of the study run in one go, in one process."""
    file = write_study(folder, trials=trials, seconds=0.0)
    command = [sys.executable, "-m", "study", "run", str(file), "--local-mode", "--no-report"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "gradscape"


def differences(home: Path, other: Path) -> list[str]:
    """In what the numbers of two homes differ; empty if they are those of the same study."""
    found = []
    for load in (load_trials, load_steps, load_layers):
        mine, theirs = load(NAME, home=home), load(NAME, home=other)
        if len(mine) != len(theirs) or list(mine) != list(theirs):
            found.append(f"{load.__name__}: {mine.shape} rows and columns, not {theirs.shape}")
            continue
        for column in mine.columns.difference(VARYING):
            rtol = RTOL if mine[column].dtype != "float32" else RTOL_FLOAT32
            try:
                pd.testing.assert_series_equal(
                    mine[column], theirs[column], rtol=rtol, atol=1e-12, check_index=False
                )
            except AssertionError as error:
                found.append(f"{load.__name__}: {' '.join(str(error).split())[:300]}")
    return found
