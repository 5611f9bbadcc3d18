"""A study as people inspect it: a small sister of the demo, through Ray, by its commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest

from analysis import load_layers, load_steps, load_trials
from study.tracking import default_tracking_uri
from tests.support.driver import Command, Ended, gradscape
from tests.support.left_behind import assert_once_everywhere, mlflow_runs, optuna_trials

pytestmark = pytest.mark.slow

TRIALS = 72

STUDY = f"""
study: sister
task: digits
network: mlp
hyperparameters:
  depth: [2, 8, 24]
  activation: [sigmoid, tanh, relu]
  initialization: [small_normal, xavier_normal, he_normal, orthogonal]
  learning_rate: {{low: 1.0e-4, high: 10.0, log: true}}
  width: 32
  momentum: 0.9
steps: 100
trials: {TRIALS}
"""


@dataclass(frozen=True, kw_only=True)
class Study:
    folder: Path
    file: Path
    home: Path
    command: Command
    ended: Ended


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("sister")
    file = folder / "sister.yaml"
    file.write_text(STUDY)
    command = Command("run", file, folder=folder, forked=False)
    ended = command.end()
    return Study(folder=folder, file=file, home=folder / "gradscape", command=command, ended=ended)


def test_it_ends_well_and_says_where_everything_lies(study: Study) -> None:
    assert study.ended.code == 0, study.ended
    assert f"{TRIALS} of {TRIALS} trials done" in study.ended.out
    report = next(line for line in study.ended.out.splitlines() if line.startswith("report "))
    page = study.folder / report.split(maxsplit=1)[1]
    assert page.exists()
    answers = json.loads((page.parent / "summary.json").read_text(encoding="utf-8"))["answers"]
    assert len(answers) > 1 and "\n".join(answers) in study.ended.out
    assert "Traceback" not in study.ended.err
    assert study.command.left_over() == [] and study.command.temporary_files == []


def test_every_trial_is_once_everywhere(study: Study) -> None:
    assert_once_everywhere(study.home, "sister", TRIALS)
    exploded = [
        trial
        for trial in optuna_trials(study.home, "sister")
        if trial.user_attrs["outcome"] in ("nonfinite", "diverged")
    ]
    assert exploded, "no trial whose loss a plain searcher would have lost"
    # Clamped at the loss of a network that never trained: about 2.3 nats for ten digits.
    assert all(1 < trial.value < 10**6 for trial in exploded)


def test_one_parent_run_with_study_file_report_and_tables(study: Study) -> None:
    parents, children = mlflow_runs(study.home, "sister")
    assert len(parents) == 1 and len(children) == TRIALS
    parent = parents[0]
    assert parent.info.status == "FINISHED"
    counts = load_trials("sister", home=study.home)["verdict"].value_counts()
    shown = {
        key.removeprefix("trials/"): value
        for key, value in parent.data.metrics.items()
        if key.startswith("trials/")
    }
    assert {name: value for name, value in shown.items() if value} == counts.to_dict()
    client = mlflow.MlflowClient(default_tracking_uri(study.home))
    listed = {one.path for one in client.list_artifacts(parent.info.run_id)}
    assert listed == {"study.yaml", "report", "tables"}
    report = {one.path for one in client.list_artifacts(parent.info.run_id, "report")}
    assert "report/index.html" in report
    (study.folder / "downloaded").mkdir()
    folder = client.download_artifacts(parent.info.run_id, "", str(study.folder / "downloaded"))
    assert (Path(folder) / "study.yaml").read_text() == STUDY
    kept = len(list((study.home / "studies/sister/tables").glob("*/*.parquet")))
    assert len(list((Path(folder) / "tables").glob("*/*.parquet"))) == kept


def test_the_verdicts_are_those_of_the_physics(study: Study) -> None:
    trials = load_trials("sister", home=study.home)
    assert {"vanishing", "exploding", "stable"} <= set(trials["verdict"])
    deep = trials.query(
        "activation == 'sigmoid' and initialization == 'small_normal' and depth >= 8 "
        "and learning_rate < 1"
    )
    assert len(deep) >= 2 and set(deep["verdict"]) == {"vanishing"}
    assert set(deep["regime_initial"]) == {"vanishing"}
    # ReLU at He's initialization trains at 8 layers once the steps are neither tiny nor huge.
    fits = trials.query(
        "activation == 'relu' and initialization == 'he_normal' and depth <= 8 "
        "and 0.003 < learning_rate < 0.03"
    )
    assert len(fits) >= 1 and set(fits["verdict"]) == {"stable"}
    assert set(trials.query("learning_rate > 5")["verdict"]).isdisjoint({"stable"})


def test_every_trial_has_its_series(study: Study) -> None:
    trials = load_trials("sister", home=study.home)
    steps = load_steps("sister", home=study.home)
    layers = load_layers("sister", home=study.home)
    assert set(steps["trial"]) == set(layers["trial"]) == set(range(TRIALS))
    assert (layers.groupby("trial")["layer"].max() == trials["depth"] + 1).all()


def test_again_there_is_nothing_to_do_and_more_trials_are_the_difference(study: Study) -> None:
    before = _files(study.home)
    again = gradscape("run", study.file, folder=study.folder)
    assert again.code == 0 and "nothing to do" in again.out
    assert _files(study.home) == before
    assert again.seconds < 120
    parents, children = mlflow_runs(study.home, "sister")
    assert len(parents) == 1 and len(children) == TRIALS

    first = load_trials("sister", home=study.home)
    # Going on as a job of Ray is what `tests/study/jobs/test_on_ray` sees.
    on = ("--trials", TRIALS + 12, "--local-mode")
    more = gradscape("run", study.file, *on, folder=study.folder)
    assert more.code == 0
    assert f"{TRIALS + 12} of {TRIALS + 12} trials done, 12 in this run" in more.out
    table = assert_once_everywhere(study.home, "sister", TRIALS + 12)
    assert table["mlflow_run_id"].tolist()[:TRIALS] == first["mlflow_run_id"].tolist()
    assert table["train_seconds"].tolist()[:TRIALS] == first["train_seconds"].tolist()
    parents, _ = mlflow_runs(study.home, "sister")
    assert [run.info.status for run in parents] == ["FINISHED", "FINISHED"]
    page = (study.home / "studies/sister/report/index.html").read_text(encoding="utf-8")
    assert f"{TRIALS + 12} trials" in page


def _files(home: Path) -> dict[str, int]:
    """Tables, Optuna's journal and report, by when they were written."""
    found = (home / "studies").rglob("*")
    return {
        str(path): path.stat().st_mtime_ns
        for path in found
        if path.is_file() and path.name != "driver.lock"
    }
