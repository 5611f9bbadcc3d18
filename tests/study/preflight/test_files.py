"""Journals and SQLite files: what keeps them from being written, and that nothing is left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import optuna
import pytest

from study import StudyConfig
from study.paths import StudyPaths
from study.preflight import Finding, find

OPTUNA, MLFLOW = "storage", "tracking"


def found(folder: Path, **addresses: str) -> dict[str, Finding]:
    """The findings of a study whose home is a folder, by service."""
    config = StudyConfig(
        study="s",
        task="digits",
        network="mlp",
        hyperparameters={"depth": 2},
        steps=1,
        trials=1,
        **addresses,
    )
    paths = StudyPaths(home=folder / "home", study="s")
    return {finding.service: finding for finding in find(config, paths)}


def test_an_unmade_home_is_fine_and_is_left_unmade(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert [finding.problem for finding in findings.values()] == [None, None, None]
    assert findings["artifacts"].where == str(tmp_path / "home/mlartifacts")
    assert findings["storage"].where == str(tmp_path / "home/studies/s/optuna.journal")
    assert findings["storage"].text.endswith("optuna.journal: ok")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    journal = tmp_path / "optuna.journal"
    journal.write_bytes(b"")
    data_base = tmp_path / "optuna.db"
    optuna.create_study(storage=f"sqlite:///{data_base}", study_name="s")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for storage in (str(journal), f"sqlite:///{data_base}"):
        assert found(tmp_path, storage=storage)["storage"].problem is None
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("storage", "problem"),
    [
        ("file/optuna.journal", "file is no folder"),
        ("folder", "it is no file that can be read and written"),
        ("sqlite:///missing/optuna.db", "its folder missing does not exist; make it"),
        ("sqlite:///file", "file is not a database; another program may be writing to it, or it"),
        ("sqlite:///:memory:", "a data base in memory is gone when the study ends; name a file"),
    ],
)
def test_what_is_wrong_with_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("these are a few words and no data base " * 10)
    (tmp_path / "folder").mkdir()
    said = found(tmp_path, storage=storage)["storage"].problem
    assert said is not None and problem in said


@pytest.mark.slow
def test_an_sqlite_file_that_another_program_writes_to(tmp_path: Path) -> None:
    path = tmp_path / "optuna.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE words (word TEXT)")
    other.execute("BEGIN IMMEDIATE")
    said = found(tmp_path, storage=f"sqlite:///{path}")["storage"].problem
    other.close()
    assert said is not None and said.startswith("database is locked; another program may be")


def test_a_data_base_of_optuna_is_none_for_mlflow(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    optuna.create_study(storage=url, study_name="s")
    findings = found(tmp_path, tracking_uri=url)
    assert findings["tracking"].problem == (
        "it holds the tables of Optuna; MLflow needs a data base of its own"
    )
    assert findings["artifacts"].where == str(tmp_path / "home/mlartifacts")
    assert findings["artifacts"].problem is None


def test_the_folder_of_mlflows_file_may_have_yet_to_be_made(tmp_path: Path) -> None:
    # A run makes it, but `check` asked for it.
    url = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    assert found(tmp_path, tracking_uri=url)["tracking"].problem is None
    assert list(tmp_path.iterdir()) == []


def test_tables_of_another_mlflow_in_the_home_folder(tmp_path: Path) -> None:
    # They were looked at only where the study file named the data base.
    home = tmp_path / "home"
    home.mkdir()
    data_base = sqlite3.connect(home / "mlflow.db")
    data_base.execute("CREATE TABLE experiments (name TEXT)")
    data_base.execute("CREATE TABLE alembic_version (version_num TEXT)")
    data_base.execute("INSERT INTO alembic_version VALUES ('451aebb31d03')")
    data_base.commit()
    data_base.close()
    before = (home / "mlflow.db").read_bytes()
    tracking = found(tmp_path)["tracking"]
    assert tracking.where == str(home / "mlflow.db")
    assert tracking.problem == (
        "its tables are of another version of MLflow; if an older: mlflow db upgrade URL"
    )
    assert (home / "mlflow.db").read_bytes() == before
