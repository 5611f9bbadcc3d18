"""`gradscape report --confirm`: fresh trials in the region that the report recommends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analysis import load_confirmation, load_trials, safe_regions
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.tracking import NullTracker
from tests.study.commands.conftest import Gradscape, contents, train_in_process

STUDY = """
study: wide
task: digits
network: mlp
hyperparameters:
  depth: [1, 2]
  activation: tanh
  initialization: orthogonal
  learning_rate: {low: 1.0e-4, high: 100.0, log: true}
  width: 16
  batch_size: 32
steps: 60
trials: 96
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a study whose learning rate decides."""
    home = tmp_path_factory.mktemp("trained")
    train_in_process(STUDY, home=home)
    return home


@pytest.fixture
def ran(gradscape: Gradscape, trained: Path, tmp_path: Path) -> Gradscape:
    shutil.copytree(trained, tmp_path / "gradscape")
    return gradscape


@pytest.mark.slow
def test_fresh_trials_in_the_box_are_trained_once_and_kept_beside_the_study(
    ran: Gradscape, tmp_path: Path
) -> None:
    folder = tmp_path / "gradscape" / "studies" / "wide"
    before, trials = contents(folder), load_trials("wide")
    box = safe_regions(trials).iloc[0]
    said = ran("report", "wide", "--confirm", 8, "-o", "out", "--figures", "none")
    assert said.code == 0, said
    assert f"confirming {box['box']}: 8/8 fresh trials" in said.err
    fresh = load_confirmation("wide")
    assert len(fresh) == 8 and set(fresh["box"]) == {box["where"]}
    rate = json.loads(box["where"])["learning_rate"]
    assert fresh["learning_rate"].between(rate["low"], rate["high"]).all()
    assert not set(fresh["seed"]) & set(trials["seed"]) and fresh["seed"].is_unique
    assert not set(fresh["learning_rate"]) & set(trials["learning_rate"])
    # The study, its tables and its Optuna journal are what they were.
    assert {path: contents(folder)[path] for path in before} == before

    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    (found,) = summary["safe_regions"]["confirmed"]
    assert found["trials"] == 8 and found["promised"] == pytest.approx(box["low"])
    assert found["stable"] == (fresh["verdict"] == "stable").sum()
    page = (tmp_path / "out" / "index.html").read_text()
    assert f"{found['stable']} of 8" in page

    kept = contents(folder / "confirmation")
    assert ran("report", "wide", "--confirm", 8, "-o", "out", "--figures", "none").code == 0
    assert contents(folder / "confirmation") == kept
    assert ran("report", "wide", "--confirm", 10, "-o", "out", "--figures", "none").code == 0
    more = load_confirmation("wide")
    assert len(more) == 10 and more.head(8).equals(fresh)


@pytest.mark.slow
def test_fresh_trials_are_labelled_like_those_of_the_study(ran: Gradscape, tmp_path: Path) -> None:
    assert ran("report", "wide", "--confirm", 2, "--figures", "none").code == 0
    path = tmp_path / "gradscape" / "studies" / "wide" / "confirmation" / "trials.parquet"
    assert set(load_trials("wide").columns) <= set(pq.read_schema(path).names)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--threshold", "vanishing_ratio=1e-4"], "leave out --compare"),
        (["--confirm", "0"], "--confirm"),
    ],
)
def test_what_does_not_go_together_is_refused(
    ran: Gradscape, options: list[str], says: str
) -> None:
    said = ran("report", "wide", "--confirm", 4, *options)
    assert said.code == 2 and says in said.err


def refused(said) -> str:
    assert said.code == 2 and said.err.count("\n") == 1, said
    return said.err


def test_a_study_without_a_region_and_one_without_its_file(ran: Gradscape, tmp_path: Path) -> None:
    folder = tmp_path / "gradscape" / "studies" / "wide"
    stored = folder / "study.yaml"
    text = stored.read_text()
    stored.unlink()
    assert "study.yaml is missing" in refused(ran("report", "wide", "--confirm", 4))
    stored.write_text(text.replace("network: mlp", "network: mine.nets:make"))
    assert "mine" in refused(ran("report", "wide", "--confirm", 4))
    stored.write_text(text.replace("learning_rate: {low: 1.0e-4, high: 100.0, log: true}", ""))
    assert "learning_rate" in refused(ran("report", "wide", "--confirm", 4))
    assert not (folder / "confirmation").exists()
    assert "unknown study" in refused(ran("report", "widest", "--confirm", 4))


def test_too_few_trials_have_no_region(gradscape: Gradscape, tmp_path: Path) -> None:
    run_study(
        StudyConfig.from_text(STUDY.replace("trials: 96", "trials: 4")),
        home=tmp_path / "gradscape",
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    assert "no recommended region" in refused(gradscape("report", "wide", "--confirm", 4))
