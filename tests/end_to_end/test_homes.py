"""A home is a folder: first runs that go wrong in it, odd names, moves, copies."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
import sqlalchemy as sa
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base

from analysis import load_trials
from analysis.report.files.staging import PAGE
from study.paths import StudyPaths
from study.tracking import default_tracking_uri
from tests.end_to_end.test_other_peoples_studies import HERE, STUDY
from tests.study.commands.conftest import Gradscape, contents, gradscape
from tests.support.left_behind import assert_once_everywhere, mlflow_runs

__all__ = ["gradscape"]

OWN = """
import os
from torch import nn

def network(hyperparameters, task):
    os.chdir("/")
    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, task.outputs))
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(STUDY.replace("${SEED}", "0").replace("tracking_uri: ${T}\n", ""))
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 0.5)
    return path


def half_made(path: Path) -> None:
    """As a process leaves MLflow's tables that is killed while it makes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    utils._upgrade_db(engine)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM alembic_version")
        connection.execute("DROP TABLE trace_info")


def plain(engine: sa.Engine) -> None:
    """MLflow's own way to make its tables, which tests do not take."""
    Base.metadata.create_all(engine)
    utils._upgrade_db(engine)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(half_made, marks=pytest.mark.slow),
        lambda path: path.write_bytes(b"torn" * 999),
    ],
)
def test_a_data_base_of_mlflow_that_was_killed_within_its_first_seconds_is_set_aside(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, damage
) -> None:
    # "table ... already exists", and "the same command delivers them", for ever.
    (tmp_path / "gradscape").mkdir()
    damage(tmp_path / "gradscape/mlflow.db")
    with monkeypatch.context() as unpatched:
        unpatched.setattr(utils, "_initialize_tables", plain)
        said = gradscape("run", file, *HERE)
    assert said.code == 0, said
    assert "mlflow.db was broken (" in said.err and "is now mlflow.db.broken-" in said.err
    assert_once_everywhere(tmp_path / "gradscape", "c", 8)


def test_a_broken_file_that_is_the_persons_own_is_left_to_them_with_its_cure(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    theirs = tmp_path / "server.db"
    theirs.write_bytes(b"torn" * 999)
    file.write_text(file.read_text() + f"tracking_uri: sqlite:///{theirs}\n")
    said = gradscape("run", file, *HERE)
    assert said.code == 1 and "Traceback" not in said.err
    assert f"{theirs} is broken (file is not a database); move it away: the next" in said.err
    theirs.rename(tmp_path / "away")
    assert gradscape("run", file, *HERE).code == 0
    assert_once_everywhere(tmp_path / "gradscape", "c", 8, f"sqlite:///{theirs}")


def test_a_disk_that_is_full_while_mlflow_makes_its_tables_and_has_room_later(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(engine: sa.Engine) -> None:
        Base.metadata.create_all(engine)
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("disk is full"))

    with monkeypatch.context() as unpatched:
        unpatched.setattr(utils, "_initialize_tables", full)
        said = gradscape("run", file, *HERE)
    assert said.code == 1 and "Traceback" not in said.err, said
    assert "disk is full" in said.err
    assert [path.name for path in (tmp_path / "gradscape").glob("mlflow.db*")] == [
        "mlflow.db.lock"
    ]
    said = gradscape("run", file, *HERE)
    assert said.code == 0 and "8 of earlier runs delivered" in said.out
    assert_once_everywhere(tmp_path / "gradscape", "c", 8)


def short_report(live: object, paths: StudyPaths, on_stage: object) -> Path:
    """In the place of a report that takes seconds, where it is of interest what becomes of it."""
    paths.report.mkdir(exist_ok=True)
    (paths.report / PAGE).write_text("written")
    return paths.report


def artifacts(home: Path) -> list[set[str]]:
    """What MLflow gives of each parent run's artifacts, for that home."""
    client = mlflow.MlflowClient(default_tracking_uri(home))
    return [
        {each.path for each in client.list_artifacts(run.info.run_id)}
        for run in mlflow_runs(home, "c")[0]
    ]


@pytest.mark.slow
def test_a_home_of_an_odd_name_is_moved_and_copied(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # mlflow.db of `a?b` was made elsewhere; reports of a moved home went to where it had been.
    monkeypatch.setattr("study.commands.run._publish", short_report)
    first, second = tmp_path / "ws%2Fa?b#c ü", tmp_path / "moved %20"
    assert gradscape("run", file, "--home", first.name, "--local-mode").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"c.yaml", first.name}
    assert_once_everywhere(first, "c", 8)
    assert artifacts(first) == [{"study.yaml", "report", "tables"}]
    first.rename(second)
    more = ("run", file, "--local-mode", "--trials")
    assert gradscape(*more, 10, "--home", second).code == 0
    shutil.copytree(second, tmp_path / "copy")
    before = contents(second)
    assert gradscape(*more, 12, "--home", "copy").code == 0
    assert contents(second) == before and not first.exists()
    for home, trials, runs in ((second, 10, 2), (tmp_path / "copy", 12, 3)):
        assert_once_everywhere(home, "c", trials)
        assert artifacts(home) == [{"study.yaml", "report", "tables"}] * runs


def test_own_code_that_goes_to_another_folder_takes_the_home_nowhere(
    gradscape: Gradscape, tmp_path: Path, file: Path
) -> None:
    (tmp_path / "wanderer.py").write_text(OWN)
    text = file.read_text().replace("network: mlp", "network: wanderer:network")
    file.write_text(text.replace("  depth: [2, 3]\n  width: 8\n  activation: [tanh, relu]\n", ""))
    said = gradscape("run", file, "--home", "here", *HERE)
    assert said.code == 0, said
    assert len(load_trials("c", home=tmp_path / "here")) == 8
    assert not Path("/here").exists()
