"""`gradscape report` with other thresholds: trials are labelled again, nothing is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis import load_trials, write_report
from study.commands.arguments.thresholds import changed_thresholds
from study.tables import TableStore
from study.verdicts import DEFAULT, relabel_study
from tests.study.commands.conftest import STUDY, Gradscape, contents, train_in_process

pytestmark = pytest.mark.slow

RAISED = ("--threshold", "stalled_progress=0.97", "--figures", "none")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a study that was run once, with its own report."""
    home = tmp_path_factory.mktemp("trained")
    train_in_process(STUDY, home=home)
    write_report("small", home=home)
    return home


@pytest.fixture
def ran(gradscape: Gradscape, trained: Path, tmp_path: Path) -> Gradscape:
    """The command line where that study's home is the default one."""
    shutil.copytree(trained, tmp_path / "gradscape")
    return gradscape


def labels(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv").set_index("trial")


def test_other_thresholds_change_labels_and_nothing_that_is_stored(
    ran: Gradscape, tmp_path: Path
) -> None:
    stored, before = load_trials("small").set_index("trial"), contents(tmp_path / "gradscape")
    said = ran("report", "small", *RAISED, "-o", "out")
    assert said.code == 0, said
    assert contents(tmp_path / "gradscape") == before
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    new = labels(tmp_path / "out")
    # What is short of 97 % of the way and missed its target got nowhere, by this threshold.
    progress = (stored["metric_final"] - stored["metric_chance"]) / (
        stored["metric_ceiling"] - stored["metric_chance"]
    )
    changed = new["outcome"] != stored["outcome"]
    assert changed.any() and (progress[changed] < 0.97).all()
    assert set(new["outcome"][changed]) == {"stalled"}
    assert summary["relabelled"]["thresholds"] == [
        {"threshold": "stalled_progress", "before": 0.05, "after": 0.97}
    ]
    assert summary["relabelled"]["trials"] == int((new["verdict"] != stored["verdict"]).sum())
    assert summary["thresholds"]["stalled_progress"] == 0.97
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "labelled again" in page


def test_python_writes_the_same_report(ran: Gradscape, tmp_path: Path) -> None:
    assert ran("report", "small", *RAISED, "-o", "a").code == 0
    store = TableStore(tmp_path / "gradscape" / "studies" / "small" / "tables")
    trials = relabel_study(store, DEFAULT.with_overrides({"stalled_progress": 0.97}))
    write_report("small", trials=trials, out="b")
    pd.testing.assert_frame_equal(labels(tmp_path / "a"), labels(tmp_path / "b"))


def test_thresholds_of_a_study_file_and_one_more(ran: Gradscape, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(STUDY + "thresholds: {stalled_progress: 0.97, exploding_ratio: 50}\n")
    said = ran(
        *("report", "small", "--thresholds-from", other, "--threshold", "exploding_ratio = 2.5"),
        *("--threshold", "vanishing_ratio=1e-2", "--json", "--figures", "none"),
    )
    assert said.code == 0, said
    page = Path(json.loads(said.out)["report"])
    assert page.parent.name == "report-relabelled"
    summary = json.loads((page.parent / "summary.json").read_text())
    changed = {row["threshold"]: row["after"] for row in summary["relabelled"]["thresholds"]}
    assert changed == {"stalled_progress": 0.97, "exploding_ratio": 2.5, "vanishing_ratio": 0.01}


def test_stored_thresholds_stay_where_they_are_not_named() -> None:
    stored = {"stalled_progress": 0.2, "of_a_later_gradscape": 1.0}
    changed = changed_thresholds(stored, None, ["dead_share=0.8"])
    assert changed == DEFAULT.with_overrides({"stalled_progress": 0.2, "dead_share": 0.8})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "vanish=1e-4",
            ["--threshold vanish", "did you mean", "known: ", "dead_share"],
        ),
        ("vanishing_ratio=2", ["vanishing_ratio", "0 < vanishing_ratio <= 1", "2"]),
        ("vanishing_ratio=small", ["vanishing_ratio", "must be a number", "'small'"]),
        ("vanishing_ratio=nan", ["vanishing_ratio", "nan"]),
        ("vanishing_ratio", ["--threshold", "NAME=VALUE", "'vanishing_ratio'"]),
        ("=1", ["--threshold", "NAME=VALUE"]),
    ],
)
def test_a_wrong_threshold_is_one_line(
    gradscape: Gradscape, tmp_path: Path, given: str, expected: list[str]
) -> None:
    (tmp_path / "gradscape" / "studies" / "small" / "tables").mkdir(parents=True)
    said = gradscape("report", "small", "--threshold", given)
    assert said.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and said.err.startswith("gradscape: ")
    for part in expected:
        assert part in said.err
    assert not (tmp_path / "gradscape" / "studies" / "small" / "report-relabelled").exists()


def test_a_wrong_study_file_and_an_unknown_study(ran: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(STUDY + "thresholds: {vanish: 1.0}\n")
    said = ran("report", "small", "--thresholds-from", "bad.yaml")
    assert said.code == 2 and said.err.count("\n") == 1
    assert "bad.yaml: thresholds.vanish: unknown threshold" in said.err
    said = ran("report", "smal", "--threshold", "dead_share=0.8")
    assert said.code == 2 and said.err.count("\n") == 1 and "known: small" in said.err
