"""What is not ours keeps its own: runs on a shared server, Optuna's studies, files of tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import optuna
import pytest

from analysis import load_trials
from tests.study.commands.conftest import Gradscape, gradscape
from tests.support.left_behind import mlflow_runs
from tests.support.small_study import small_study

__all__ = ["gradscape"]

STUDY = small_study("c", steps=8, trials=8, seed="${SEED}", tracking_uri="${T}")

HERE = ("--local-mode", "--no-report")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(STUDY)
    monkeypatch.setenv("T", f"sqlite:///{tmp_path}/server.db")
    monkeypatch.setenv("SEED", "0")
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 0.5)
    return path


@pytest.mark.slow
def test_two_people_run_one_preset_on_one_mlflow_and_it_is_away_for_the_second(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # "8 of earlier runs delivered", exit code 0: the server had the first person's runs alone.
    assert gradscape("run", file, "--home", "hA", *HERE).code == 0
    server = f"sqlite:///{tmp_path}/server.db"
    monkeypatch.setenv("SEED", "7")
    monkeypatch.setenv("T", "http://127.0.0.1:59999")
    assert gradscape("run", file, "--home", "hB", *HERE).code == 1
    # The first person's driver died while it logged a trial.
    client = mlflow.MlflowClient(server)
    experiment = client.get_experiment_by_name("c").experiment_id
    (parent,) = mlflow_runs(tmp_path / "hA", "c", server)[0]
    half = client.create_run(
        experiment, tags={"gradscape.trial": "3", "mlflow.parentRunId": parent.info.run_id}
    ).info.run_id
    monkeypatch.setenv("T", server)
    said = gradscape("run", file, "--home", "hB", *HERE)
    assert said.code == 0 and "8 of earlier runs delivered" in said.out, said
    assert client.get_run(half).info.lifecycle_stage == "active"
    client.delete_run(half)
    _, runs = mlflow_runs(tmp_path / "hA", "c", server)
    assert sorted(int(run.data.tags["gradscape.trial"]) for run in runs) == sorted([*range(8)] * 2)
    by_id = {run.info.run_id: run for run in runs}
    for home in ("hA", "hB"):
        for row in load_trials("c", home=tmp_path / home).to_dict("records"):
            run = by_id.pop(row["mlflow_run_id"])
            assert run.data.tags["gradscape.seed"] == str(row["seed"])
            assert run.data.metrics["loss_final"] == row["loss_final"]
    assert not by_id


def test_a_study_that_plain_optuna_made_under_the_name_is_refused_and_left_as_it_is(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    storage = f"sqlite:///{tmp_path}/optuna.db"
    file.write_text(STUDY + f"storage: {storage}\n")
    theirs = optuna.create_study(study_name="c", storage=storage)
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    for command in (("run", file, *HERE), ("check", file)):
        said = gradscape(*command)
        assert said.code == 2, said
        (line,) = said.err.strip().splitlines()[-1:]
        assert "an Optuna study c of 2 trials that gradscape did not make" in line
    again = optuna.load_study(study_name="c", storage=storage)
    assert len(again.trials) == 2 and not again.user_attrs


def test_parts_of_another_study_in_the_folder_of_tables_are_named(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(STUDY.replace("study: c", "study: d"))
    assert gradscape("run", file, *HERE).code == 0
    assert gradscape("run", other, *HERE).code == 0
    studies = tmp_path / "gradscape/studies"
    stray = min(path.name for path in (studies / "d/tables/trials").iterdir())
    for table in ("trials", "steps", "layers"):
        shutil.copy(
            studies / "d/tables" / table / stray, studies / "c/tables" / table / "part-z.parquet"
        )
    said = gradscape("run", file, *HERE)
    assert said.code == 2, said
    assert "part-z.parquet is a part of study d, not of c; move the files" in said.err
    assert gradscape("report", "c").code == 2


@pytest.mark.slow
def test_a_folder_that_is_moved_stays_the_study_and_a_copy_becomes_one_of_its_own(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    server = f"sqlite:///{tmp_path}/server.db"

    def keys() -> list[str]:
        return [run.data.tags["gradscape.place"] for run in mlflow_runs(tmp_path, "c", server)[0]]

    assert gradscape("run", file, "--home", "a", *HERE).code == 0
    (tmp_path / "a").rename(tmp_path / "b")
    assert gradscape("run", file, "--home", "b", *HERE, "--trials", 10).code == 0
    shutil.copytree(tmp_path / "b", tmp_path / "copy")
    assert gradscape("run", file, "--home", "copy", *HERE, "--trials", 12).code == 0
    assert gradscape("run", file, "--home", "b", *HERE, "--trials", 12).code == 0
    first, moved, copied, last = keys()
    assert first == moved == last != copied
