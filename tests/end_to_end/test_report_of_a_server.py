"""`gradscape report --tracking-uri`: from an MLflow server alone, without the home folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analysis import load_trials, stability_model
from study.run.run_study import run_study
from study.study_file import load_study_file
from tests.support.driver import gradscape
from tests.support.mlflow_server import MlflowServer

pytestmark = pytest.mark.slow

STUDY = """
study: served
task: quadratic
task_options: {eigenvalues: [1.0, 3.0]}
network: linear
hyperparameters:
  optimizer: [sgd, adam]
  learning_rate: {low: 0.01, high: 10.0, log: true}
  batch_size: 2
steps: 20
trials: 20
tracking_uri: URI
"""
PASSWORD = "pa55-of-nobody"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A server that has a study of 30 trials from two invocations, whose home is gone."""
    folder = tmp_path_factory.mktemp("server")
    server = MlflowServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def trials(server: MlflowServer, tmp_path_factory: pytest.TempPathFactory):
    from study.dispatch import InProcessDispatcher

    folder = tmp_path_factory.mktemp("study")
    file = folder / "served.yaml"
    file.write_text(STUDY.replace("URI", server.uri))
    config = load_study_file(file)
    for number in (20, 30):
        result = run_study(
            config.with_trials(number), home=folder / "home", dispatcher=InProcessDispatcher()
        )
        assert result.complete and not result.undelivered
    trials = load_trials("served", home=folder / "home")
    shutil.rmtree(folder / "home")
    return trials


def ask(server: MlflowServer, folder: Path, *arguments: str):
    address = server.uri.replace("http://", f"http://ann:{PASSWORD}@")
    return gradscape("report", *arguments, "--tracking-uri", address, folder=folder)


def test_the_report_of_a_server_has_every_trial_of_every_invocation_once(server, trials, tmp_path):
    done = ask(server, tmp_path, "served", "--figures", "none", "--json")
    assert done.code == 0, done.err
    page = Path(json.loads(done.out)["report"])
    assert (tmp_path / page).resolve() == tmp_path / "served-report" / "index.html"
    summary = json.loads((tmp_path / "served-report" / "summary.json").read_text())
    assert summary["study"] == "served" and summary["trials"] == 30 == len(trials)
    counted = {row["verdict"]: row["trials"] for row in summary["verdicts"] if row["trials"]}
    assert counted == trials["verdict"].value_counts().to_dict()
    assert not (tmp_path / "gradscape").exists(), "no home folder is made"
    assert PASSWORD not in done.out + done.err


def test_other_thresholds_work_from_a_server_too(server, trials, tmp_path):
    done = ask(
        server,
        tmp_path,
        "served",
        "--figures",
        "none",
        "-o",
        "out",
        "--threshold",
        "exploding_ratio=1.5",
    )
    assert done.code == 0, done.err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["relabelled"]["thresholds"][0]["after"] == 1.5


def test_two_studies_of_a_server_are_compared(server, trials, tmp_path):
    done = ask(server, tmp_path, "--compare", "served", "served")
    assert done.code == 0, done.err
    folder = tmp_path / "served-served-comparison"
    found = json.loads((folder / "comparison.json").read_text())
    assert found["before"] == found["after"] == {"study": "served", "trials": len(trials)}
    assert (folder / "index.html").is_file() and not (tmp_path / "gradscape").exists()


def test_a_configuration_is_predicted_from_a_server_as_from_a_home(server, trials, tmp_path):
    asked = ("--set", "learning_rate=0.1", "--set", "optimizer=sgd")
    address = server.uri.replace("http://", f"http://ann:{PASSWORD}@")
    done = gradscape(
        "predict", "served", *asked, "--tracking-uri", address, "--json", folder=tmp_path
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)
    asked_frame = pd.DataFrame({"learning_rate": [0.1], "optimizer": ["sgd"]})
    expected = stability_model(trials).predict(asked_frame).iloc[0]
    assert found["trials"] == 30
    for row in found["verdicts"]:
        assert row["probability"] == pytest.approx(expected[row["verdict"]], abs=1e-6)
    assert not (tmp_path / "gradscape").exists() and PASSWORD not in done.out + done.err
    unknown = gradscape("predict", "serve", "--tracking-uri", address, folder=tmp_path)
    assert unknown.code == 2 and "known: served" in unknown.err


def test_an_unknown_study_lists_those_of_the_server(server, trials, tmp_path):
    done = ask(server, tmp_path, "srved")
    assert done.code == 2 and done.err.count("\n") == 1
    assert "unknown study 'srved'" in done.err and "known: served" in done.err
    assert PASSWORD not in done.err and not list(tmp_path.glob("*report*"))


def test_no_such_server_is_one_line(tmp_path):
    done = gradscape(
        "report", "served", "--tracking-uri", f"http://ann:{PASSWORD}@127.0.0.1:9", folder=tmp_path
    )
    assert done.code == 2 and done.err.count("\n") == 1
    assert "does not answer" in done.err and PASSWORD not in done.err
