"""Addresses in a study file, as `gradscape check` and `gradscape run` take them."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import torch

from tests.study.commands.conftest import STUDY, Gradscape


@pytest.mark.slow
def test_artifacts_of_a_data_base_lie_under_the_home_folder(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    """They lay in ./mlruns of whatever folder the study was started in."""
    study_file.write_text(STUDY + f"tracking_uri: sqlite:///{tmp_path / 'other.db'}\n")
    assert gradscape("run", study_file, "--local-mode").code == 0
    pages = (tmp_path / "gradscape" / "mlartifacts").rglob("report/index.html")
    assert len(list(pages)) == 1
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize(
    ("storage", "tracking"),
    [
        ("sqlite:///one.db", "sqlite:///one.db"),
        ("postgresql://ann@db:5432/one", "postgresql+psycopg://bob@DB:5432/one"),
    ],
)
def test_one_data_base_for_optuna_and_mlflow_is_refused(
    gradscape: Gradscape, study_file: Path, storage: str, tracking: str
) -> None:
    study_file.write_text(STUDY + f"storage: {storage}\ntracking_uri: {tracking}\n")
    said = gradscape("check", study_file)
    assert said.code == 2
    assert said.err == (
        f"gradscape: {study_file}: tracking_uri: Optuna and MLflow need a data base each, but "
        "storage and tracking_uri name the same one\n"
    )


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        (
            "tracking: {database: 'postgresql://db/one'}\n",
            "is the data base behind the MLflow server that tracking_uri names, but that names no "
            "server; a data base without one is named by tracking_uri itself",
        ),
        (
            "tracking_uri: http://mlflow:5000\ntracking: {database: 'postgresql://db/one'}\n"
            "storage: postgresql://db/one\n",
            "Optuna and MLflow need a data base each, but storage and tracking.database name the "
            "same one",
        ),
        (
            "tracking: {database: 'http://mlflow:5000'}\n",
            "the data base behind MLflow's server must begin with one of sqlite, postgresql, "
            "mysql://, but got http",
        ),
    ],
)
def test_the_data_base_behind_a_server_stands_beside_its_server(
    gradscape: Gradscape, study_file: Path, addresses: str, message: str
) -> None:
    study_file.write_text(STUDY + addresses)
    said = gradscape("check", study_file)
    assert said.code == 2
    assert said.err == f"gradscape: {study_file}: tracking.database: {message}\n"


def test_check_tries_the_data_base_behind_a_server(gradscape: Gradscape, study_file: Path) -> None:
    study_file.write_text(
        STUDY + "tracking_uri: http://127.0.0.1:9\n"
        "tracking: {database: 'postgresql://ann@127.0.0.1:9/mlflow'}\n"
    )
    said = gradscape("check", study_file)
    assert said.code == 1
    line = next(each for each in said.out.splitlines() if each.startswith("runs"))
    assert line.startswith("runs      postgresql://ann@127.0.0.1:9/mlflow: Connection refused")


def test_check_tells_what_can_be_written(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    said = gradscape("check", study_file)
    assert said.code == 0
    assert said.out.endswith(
        "storage   gradscape/studies/small/optuna.journal: ok\n"
        "tracking  gradscape/mlflow.db: ok\n"
        "artifacts gradscape/mlartifacts: ok\n"
    )
    study_file.write_text(STUDY + "storage: sqlite:///missing/optuna.db\n")
    said = gradscape("check", study_file, "--json")
    assert said.code == 1
    services = {one["service"]: one for one in json.loads(said.out)["services"]}
    assert services["tracking"]["ok"] and not services["storage"]["ok"]
    assert services["storage"]["problem"] == "its folder missing does not exist; make it"
    assert gradscape("check", study_file, "--file-only").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_study_for_gpus_without_cuda_ends_with_one_line(
    gradscape: Gradscape, study_file: Path
) -> None:
    study_file.write_text(STUDY + "resources: {gpus_per_worker: 0.25}\n")
    said = gradscape("run", study_file, "--local-mode", "--no-report")
    assert said.code == 2
    assert f"node {socket.gethostname()} has no CUDA: torch" in said.err.splitlines()[-1]
    study_file.write_text(STUDY + "resources: {gpus_per_worker: 0.25, device: cpu}\n")
    said = gradscape("run", study_file, "--local-mode", "--no-report")
    assert said.code == 0
    assert "each worker holds 0.25 GPUs and trains on the CPU all the same" in said.err
