"""`gradscape predict`: probabilities at any configuration, and their evidence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.study.commands.conftest import Gradscape
from tests.support.synthetic import synthetic_tables, write_study


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    write_study(folder, synthetic_tables(60), parts=1)
    return folder


@pytest.fixture
def studied(gradscape: Gradscape, home: Path, monkeypatch: pytest.MonkeyPatch) -> Gradscape:
    monkeypatch.setenv("GRADSCAPE_HOME", str(home))
    return gradscape


def test_a_configuration_with_its_evidence_and_what_would_help(studied: Gradscape) -> None:
    asked = ("--set", "depth=12", "--set", "activation=tanh", "--set", "learning_rate=50")
    said = studied("predict", "digits-mlp", *asked, "--json")
    assert said.code == 0, said
    found = json.loads(said.out)
    assert sum(each["probability"] for each in found["verdicts"]) == pytest.approx(1.0)
    assert all(0 <= each["lower"] <= each["probability"] for each in found["verdicts"])
    assert found["configuration"] == {"depth": 12, "activation": "tanh", "learning_rate": 50}
    assert len(found["nearest"]) == 5
    assert "initialization" in found["averaged_over"]
    gains = [each["gain"] for each in found["changes"]]
    assert gains == sorted(gains, reverse=True) and gains[0] > 0
    assert found["outside"] == ["learning_rate 50 is above all trials (at most 10)"]
    assert "warning: learning_rate 50 is above all trials" in said.err


def test_a_table_of_configurations(studied: Gradscape, tmp_path: Path) -> None:
    asked = tmp_path / "asked.csv"
    asked.write_text("depth,learning_rate,clip_norm\n2,0.1,none\n32,5.0,1.0\n")
    said = studied("predict", "digits-mlp", "--csv", str(asked))
    assert said.code == 0, said
    table = pd.read_csv(io.StringIO(said.out), keep_default_na=False)
    assert table["clip_norm"].tolist() == ["none", "1.0"]
    assert table["stable"][0] > table["stable"][1]
    # Seventeen digits of a probability are none that anyone can know.
    assert all(len(cell) <= 6 for cell in said.out.splitlines()[1].split(",")[3:])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--set", "activation=tanhh"), "unknown activation 'tanhh'; known: tanh"),
        (("--set", "dpeth=2"), "unknown hyperparameter 'dpeth'; known: depth"),
        (("--set", "depth"), "must be NAME=VALUE, but got 'depth'"),
        (("--csv", "missing.csv"), "cannot be read as a table"),
    ],
)
def test_what_is_not_known_is_one_line(
    studied: Gradscape, asked: tuple[str, ...], message: str
) -> None:
    said = studied("predict", "digits-mlp", *asked)
    assert said.code == 2
    assert message in said.err
    assert len(said.err.strip().splitlines()) == 1
