"""The study of the chaos test, its driver, and the same study undisturbed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import load_layers, load_steps, load_trials
from tests.support.driver import SLOW_NETWORK, gradscape

NAME = "chaos"

STUDY = """
study: chaos
task: digits
network: slow_network:slow
hyperparameters:
  depth: {low: 1, high: 24}
  initialization: [orthogonal, small_normal]
  learning_rate: {low: 1.0e-3, high: 0.1, log: true}
  batch_size: [16, 24, 32]
  dtype: float64
steps: 20
trials: TRIALS
resources: {workers: auto}
"""
"""Some 70 kinds of network and batch, so that 400 trials are more than 70 cohorts. With learning
rates up to 1 single trials are chaotic: the last digit grows to the eighth within 20 steps."""

KEYS = ("trial", "step", "layer")

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
    done = gradscape("run", file, "--local-mode", "--no-report", folder=folder, timeout_s=1500.0)
    assert done.code == 0, done
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
            differ = ~_agree(mine[column], theirs[column])
            if differ.any():
                row = int(differ.argmax())
                where = ", ".join(f"{key} {mine[key][row]}" for key in KEYS if key in mine)
                found.append(
                    f"{load.__name__}: {column} in {differ.sum()} of {len(mine)} rows, first in "
                    f"{where}: {mine[column][row]!r}, undisturbed {theirs[column][row]!r}"
                )
    return found


def _agree(mine: pd.Series, theirs: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(mine):
        return np.asarray((mine == theirs) | (mine.isna() & theirs.isna()), dtype=bool)
    rtol = RTOL_FLOAT32 if mine.dtype == "float32" else RTOL
    left, right = (one.to_numpy(dtype=float, na_value=np.nan) for one in (mine, theirs))
    return np.isclose(left, right, rtol=rtol, atol=1e-12, equal_nan=True)
