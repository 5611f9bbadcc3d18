"""What somebody removed in MLflow, or what was damaged, comes back from the tables."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from analysis import load_trials
from study.tracking import default_tracking_uri
from tests.end_to_end.test_homes import file
from tests.end_to_end.test_other_peoples_studies import HERE
from tests.study.commands.conftest import Gradscape, gradscape
from tests.support.left_behind import assert_once_everywhere, mlflow_runs, optuna_trials

__all__ = ["file", "gradscape"]


@pytest.fixture
def home(tmp_path: Path, gradscape: Gradscape, file: Path) -> Path:
    """Of the study with its eight trials."""
    assert gradscape("run", file, *HERE).code == 0
    return tmp_path / "gradscape"


def shown(home: Path) -> dict[int, str]:
    """Id of the run that MLflow shows of each trial; each once."""
    runs = {int(run.data.tags["gradscape.trial"]): run for run in mlflow_runs(home, "c")[1]}
    assert len(runs) == len(mlflow_runs(home, "c")[1])
    assert {run.info.status for run in runs.values()} <= {"FINISHED"}
    return {trial: run.info.run_id for trial, run in runs.items()}


def delete_runs(home: Path) -> None:
    client = mlflow.MlflowClient(default_tracking_uri(home))
    for trial in (2, 5):
        client.delete_run(shown(home)[trial])


def delete_data_base(home: Path) -> None:
    for path in home.glob("mlflow.db*"):
        path.unlink()
    # This process would go on with the file that is gone; a command is one of its own.
    SqlAlchemyStore._engine_map[default_tracking_uri(home)].dispose()


def rename_experiment(home: Path) -> None:
    client = mlflow.MlflowClient(default_tracking_uri(home))
    client.rename_experiment(client.get_experiment_by_name("c").experiment_id, "mine")


@pytest.mark.parametrize(
    ("remove", "missing", "kept", "command"),
    # Ids follow from the trials: in a new data base the runs have those that they had.
    [
        (delete_runs, 2, 6, "run"),
        pytest.param(delete_data_base, 8, 8, "run", marks=pytest.mark.slow),
        pytest.param(rename_experiment, 8, 0, "run", marks=pytest.mark.slow),
        pytest.param(delete_runs, 2, 6, "deliver", marks=pytest.mark.slow),
    ],
)
def test_runs_that_somebody_removed_are_delivered_again(
    gradscape: Gradscape, file: Path, home: Path, remove, missing: int, kept: int, command: str
) -> None:
    # "nothing to do": the runs were gone for ever.
    before = shown(home)
    remove(home)
    given = ("run", file, *HERE) if command == "run" else ("deliver", "c")
    said = gradscape(*given)
    assert said.code == 0, said
    assert f"MLflow lacks the runs of {missing} of 8 trials that are recorded" in said.err
    wanted = {
        "run": f"{missing} of earlier runs delivered",
        "deliver": f"study c: {missing} of 8 trials were missing in MLflow; {missing} delivered",
    }
    assert wanted[command] in said.out
    after = shown(home)
    assert load_trials("c", home=home).set_index("trial")["mlflow_run_id"].to_dict() == after
    assert len(after) == 8 and sum(after[n] == before[n] for n in before) == kept
    said = gradscape(*given)
    assert said.code == 0 and not said.err
    assert ("nothing to do" if command == "run" else "has the runs of all 8 trials") in said.out
    assert shown(home) == after


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("trials", "cut"),
        *(
            pytest.param(*others, marks=pytest.mark.slow)
            for others in (
                ("layers", "cut"),
                ("trials", "garbage"),
                ("trials", "zeros"),
                ("trials", "folder"),
            )
        ),
    ],
)
def test_a_damaged_part_is_named_and_the_next_run_trains_its_trials_again(
    gradscape: Gradscape, tmp_path: Path, file: Path, home: Path, table: str, damage: str
) -> None:
    other = tmp_path / "d.yaml"
    other.write_text(
        file.read_text().replace("study: c", "study: d").replace("trials: 8", "trials: 2")
    )
    assert gradscape("run", other, *HERE).code == 0
    before, runs = load_trials("c", home=home), shown(home)
    part = min((home / "studies/c/tables" / table).iterdir())
    whole = part.read_bytes()
    part.unlink()
    if damage == "folder":
        part.mkdir()
    else:
        middle = len(whole) // 2
        part.write_bytes(
            {
                "cut": whole[:middle],
                "garbage": whole[: middle // 2] + b"\xff" * middle + whole[middle // 2 + middle :],
                "zeros": bytes(len(whole)),
            }[damage]
        )
    said = gradscape("list")
    assert said.code == 0 and "│ d " in said.out, said
    if table == "trials":
        assert "gradscape: c: the part " in said.err and f"{part.name} is damaged: " in said.err
        assert "`gradscape run` trains its trials again" in said.err
    said = gradscape("run", file, *HERE)
    assert said.code == 0 and "Traceback" not in said.err, said
    assert part.name in said.err and "set aside in" in said.err
    after = load_trials("c", home=home)
    columns = before.columns.difference(["train_seconds"])
    assert after[columns].equals(before[columns])
    assert shown(home) == runs
    assert {trial.state.name for trial in optuna_trials(home, "c")} == {"COMPLETE"}
    assert_once_everywhere(home, "c", 8)
    assert "nothing to do" in gradscape("run", file, *HERE).out


@pytest.mark.slow
def test_of_a_sampled_study_mlflow_shows_a_share_and_each_verdicts_typical_trials(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    from analysis.trials.typical import typical_trials

    text = file.read_text().replace("trials: 8", "trials: 200").replace("steps: 8", "steps: 2")
    file.write_text(text + "tracking: {runs: sampled}\n")
    home = tmp_path / "gradscape"
    said = gradscape("run", file, *HERE)
    assert said.code == 0 and "200 of 200 trials done, 200 in this run" in said.out, said
    table = load_trials("c", home=home).set_index("trial")
    typical = set(typical_trials(load_trials("c", home=home))["trial"])
    runs = shown(home)
    assert table["mlflow_run_id"].dropna().to_dict() == runs
    assert typical <= runs.keys() and 1 < len(runs) < 25
    assert {run.data.tags["verdict"] for run in mlflow_runs(home, "c")[1]} == set(table["verdict"])
    assert {trial.state.name for trial in optuna_trials(home, "c")} == {"COMPLETE"}
    (parent,) = mlflow_runs(home, "c")[0]
    assert sum(parent.data.metrics.values()) == 200
    assert "has the runs of every sampled one of 200" in gradscape("deliver", "c").out
    mlflow.MlflowClient(default_tracking_uri(home)).delete_run(runs[min(typical)])
    said = gradscape("deliver", "c")
    assert "1 of 200 trials were missing in MLflow; 1 delivered" in said.out, said
    assert shown(home).keys() == runs.keys()
