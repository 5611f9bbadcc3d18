"""What `check` opens: what `run` opens first, and it says what `run` says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import optuna
import pytest

from tests.study.commands.conftest import Gradscape

STUDY = """
study: s
task: digits
network: mlp
hyperparameters: {depth: 1, width: 8}
steps: 1
trials: 1
storage: sqlite:///optuna.db
"""


@pytest.fixture
def older_tables(tmp_path: Path) -> Path:
    """A data base that an Optuna of before has made."""
    path = tmp_path / "optuna.db"
    optuna.create_study(storage=f"sqlite:///{path}", study_name="s")
    data_base = sqlite3.connect(path)
    data_base.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    data_base.execute("UPDATE version_info SET library_version = '2.9.0'")
    data_base.execute("DROP TABLE trial_heartbeats")
    data_base.commit()
    data_base.close()
    return path


def test_tables_of_an_older_optuna_stay_as_they_are(
    gradscape: Gradscape, tmp_path: Path, older_tables: Path
) -> None:
    # `run` made the tables that they lacked before it said that the two do not fit.
    (tmp_path / "s.yaml").write_text(STUDY)
    before = older_tables.read_bytes()
    refusal = (
        "cannot be opened: RuntimeError: The runtime optuna version "
        f"{optuna.__version__} is no longer compatible with the table schema (set up by optuna "
        "2.9.0). Please execute `$ optuna storage upgrade --storage $STORAGE_URL`"
    )
    check = gradscape("check", "s.yaml")
    assert check.code == 1
    assert f"storage   sqlite:///optuna.db: {refusal}" in check.out
    run = gradscape("run", "s.yaml", "--local-mode")
    assert run.code == 1
    assert f"storage sqlite:///optuna.db {refusal}" in run.err
    assert older_tables.read_bytes() == before


def test_larger_sizes_are_told(gradscape: Gradscape, tmp_path: Path) -> None:
    space = "{depth: 1, width: [8, 16], learning_rate: {low: 0.01, high: 9.0, log: true}}"
    text = STUDY.replace("{depth: 1, width: 8}", space).replace("storage", "# storage")
    (tmp_path / "s.yaml").write_text(text + "scaling: {axis: width, sizes: [32, 64]}\n")
    check = gradscape("check", "s.yaml")
    assert check.code == 0
    assert "then 24 trials at each width of 32, 64, around the learning rate where" in check.out


def test_a_script_reads_the_same(gradscape: Gradscape, tmp_path: Path, older_tables: Path) -> None:
    (tmp_path / "s.yaml").write_text(STUDY)
    check = gradscape("check", "s.yaml", "--json")
    services = {each["service"]: each for each in json.loads(check.out)["services"]}
    assert check.code == 1
    assert not services["storage"]["ok"]
    assert services["storage"]["problem"].startswith("cannot be opened: RuntimeError: The runtime")
    assert services["tracking"]["ok"] and services["artifacts"]["ok"]
