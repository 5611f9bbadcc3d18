"""What a study left in its tables, in Optuna and in MLflow, read as their own users read them."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import optuna
import pandas as pd
from mlflow.entities import Run
from optuna.storages.journal import JournalFileBackend

from analysis import load_layers, load_steps, load_trials
from study.tracking import default_tracking_uri

VARYING = ["train_seconds", "mlflow_run_id"]
"""Columns that two runs of the same study do not share."""


def optuna_trials(
    home: Path, study: str, storage: str | None = None
) -> list[optuna.trial.FrozenTrial]:
    """The trials in the home's own journal, or in the data base at an address."""
    if storage is not None:
        return optuna.load_study(study_name=study, storage=storage).trials
    journal = JournalFileBackend(str(home / "studies" / study / "optuna.journal"))
    own = optuna.storages.JournalStorage(journal)
    return optuna.load_study(study_name=study, storage=own).trials


def mlflow_runs(home: Path, study: str, uri: str | None = None) -> tuple[list[Run], list[Run]]:
    """Parent runs, oldest first, and child runs by trial."""
    client = mlflow.MlflowClient(uri or default_tracking_uri(home))
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], max_results=10_000)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return (
        sorted(parents, key=lambda run: run.info.start_time),
        sorted(children, key=lambda run: int(run.data.tags["gradscape.trial"])),
    )


def assert_once_everywhere(
    home: Path, study: str, trials: int, uri: str | None = None, *, storage: str | None = None
) -> pd.DataFrame:
    """Every trial once in the tables, COMPLETE in Optuna, FINISHED in MLflow; they agree."""
    table = load_trials(study, home=home)
    assert table["trial"].tolist() == list(range(trials))
    parts = pd.concat(
        pd.read_parquet(part, columns=["trial"])
        for part in (home / "studies" / study / "tables" / "trials").glob("*.parquet")
    )
    assert sorted(parts["trial"]) == list(range(trials)), "a trial lies in two parts"
    told = optuna_trials(home, study, storage)
    assert [trial.number for trial in told] == list(range(trials))
    assert {trial.state.name for trial in told} == {"COMPLETE"}
    assert np.isfinite([trial.value for trial in told]).all()
    parents, children = mlflow_runs(home, study, uri)
    assert [int(run.data.tags["gradscape.trial"]) for run in children] == list(range(trials))
    assert {run.info.status for run in children} == {"FINISHED"}
    known = {run.info.run_id for run in parents}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} <= known
    for row, trial, run in zip(table.to_dict("records"), told, children, strict=True):
        assert row["verdict"] == trial.user_attrs["verdict"] == run.data.tags["verdict"]
        assert row["mlflow_run_id"] == trial.user_attrs["mlflow_run_id"] == run.info.run_id
        assert row["seed"] == trial.user_attrs["seed"]
    return table


def assert_same_study(
    one: Path,
    other: Path,
    study: str,
    *,
    rtol: float,
    study_of_other: str | None = None,
    storage: str | None = None,
) -> None:
    """Two homes hold the same study: tables but for times, verdicts, what Optuna was told."""
    second = study_of_other or study
    for load in (load_trials, load_steps, load_layers):
        left, right = load(study, home=one), load(second, home=other)
        pd.testing.assert_frame_equal(
            left.drop(columns=VARYING, errors="ignore"),
            right.drop(columns=VARYING, errors="ignore"),
            rtol=rtol,
            atol=0,
        )
    mine_and_yours = optuna_trials(one, study, storage), optuna_trials(other, second)
    for mine, yours in zip(*mine_and_yours, strict=True):
        assert mine.params == yours.params
        assert mine.user_attrs["verdict"] == yours.user_attrs["verdict"]
        np.testing.assert_allclose(mine.value, yours.value, rtol=rtol)
