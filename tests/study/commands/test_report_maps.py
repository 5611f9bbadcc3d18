"""`gradscape report --map --where`: the maps that were asked for, of the trials that were."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from study.commands.arguments.maps import read_maps, read_where
from tests.study.commands.conftest import Gradscape
from tests.support.synthetic import synthetic_tables, write_study


@pytest.fixture
def studied(gradscape: Gradscape, tmp_path: Path) -> Gradscape:
    write_study(tmp_path / "gradscape", synthetic_tables(120), parts=1)
    return gradscape


@pytest.mark.slow
def test_the_maps_that_were_asked_for_of_the_trials_that_were(
    studied: Gradscape, tmp_path: Path
) -> None:
    said = studied(
        *("report", "digits-mlp", "-o", "out", "--figures", "none", "--tables", "trials"),
        *("--map", "learning_rate,clip_norm", "--map", "depth"),
        *("--where", "activation=tanh,relu", "--where", "depth=2,4,8"),
    )
    assert said.code == 0, said
    regions = pd.read_csv(tmp_path / "out" / "regions.csv", keep_default_na=False)
    assert list(regions.groupby(["x_name", "y_name"]).groups) == [
        ("depth", ""),
        ("learning_rate", "clip_norm"),
    ]
    trials = pd.read_csv(tmp_path / "out" / "trials.csv")
    chosen = trials["activation"].isin(["tanh", "relu"]) & (trials["depth"] <= 8)
    assert regions[regions["x_name"] == "depth"]["trials"].sum() == chosen.sum()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [(one["x"], one["y"]) for one in summary["maps"]] == [
        ("learning_rate", "clip_norm"),
        ("depth", None),
    ]
    assert summary["where"] == {"activation": ["tanh", "relu"], "depth": ["2", "4", "8"]}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert f"of the {chosen.sum()} trials with activation tanh or relu" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--map", "learning_rat,depth"], "unknown hyperparameter 'learning_rat'; known: learn"),
        (["--map", "a,b,c"], "--map: must be one or two hyperparameters"),
        (["--map", "depth,"], "--map: must be one or two hyperparameters"),
        (["--map", "depth,depth"], "two different hyperparameters"),
        (["--where", "activation"], "--where: must be NAME=VALUE"),
        (["--where", "activaton=tanh"], "unknown hyperparameter 'activaton'; known: activation"),
        (
            ["--where", "activation=swish"],
            "no trial has activation=swish; activation took sigmoid",
        ),
        (["--where", "depth=deep"], "a number or none must be given, but got 'deep'"),
        (["--where", "depth=2", "--where", "depth=4"], "depth comes twice"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    studied: Gradscape, tmp_path: Path, options: list[str], message: str
) -> None:
    said = studied("report", "digits-mlp", "-o", "out", *options)
    assert said.code == 2 and message in said.err
    assert len(said.err.strip().splitlines()) == 1 and "Traceback" not in said.err
    assert not (tmp_path / "out" / "index.html").exists()


def test_names_and_values_are_read_as_they_are_written() -> None:
    assert read_maps(["learning_rate, depth", "width"]) == [
        ("learning_rate", "depth"),
        ("width", None),
    ]
    assert read_where(["clip_norm=none", "depth = 2, 4"]) == {
        "clip_norm": "none",
        "depth": ["2", "4"],
    }
