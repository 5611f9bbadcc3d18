"""A person's own Keras model through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape

NETWORK = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras

def model(hyperparameters, task):
    hidden = [
        keras.layers.Dense(hyperparameters["units"], activation="tanh")
        for _ in range(hyperparameters["depth"])
    ]
    noise = [keras.layers.Dropout(0.1)] if hyperparameters["drop"] == "yes" else []
    return keras.Sequential(
        [keras.layers.Flatten(), *hidden, *noise, keras.layers.Dense(task.outputs)]
    )
"""
STUDY = """
study: keras
task: digits
network: own_keras:model
hyperparameters:
  depth: [1, 3]
  units: 24
  drop: {drop}
  initialization: [torch_default, lecun_normal]
  learning_rate: 0.3
  batch_size: 50
steps: 100
trials: 6
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras", reason="Keras is not installed: pip install 'gradscape[keras]'")
    (tmp_path / "own_keras.py").write_text(NETWORK)
    return tmp_path


@pytest.mark.slow
def test_check_and_run(gradscape: Gradscape, folder: Path) -> None:
    path = folder / "keras.yaml"
    path.write_text(STUDY.format(drop="'no'"))
    said = gradscape("check", path)
    assert said.code == 0, said
    assert "one after another" not in said.out
    said = gradscape("run", path, "--local-mode", "--no-report", "--json")
    assert said.code == 0, said
    assert json.loads(said.out)["verdicts"]["stable"] == 6


def test_check_says_what_is_looped(gradscape: Gradscape, folder: Path) -> None:
    path = folder / "keras.yaml"
    path.write_text(STUDY.format(drop="'yes'"))
    said = gradscape("check", path)
    assert said.code == 0, said
    assert "it draws random numbers, and each trial has its own" in " ".join(said.out.split())


def test_a_model_that_does_not_fit_is_wrong_input(gradscape: Gradscape, folder: Path) -> None:
    path = folder / "keras.yaml"
    # A module of another name: this process has the other one already.
    path.write_text(STUDY.format(drop="'no'").replace("own_keras", "narrow_keras"))
    (folder / "narrow_keras.py").write_text(NETWORK.replace("task.outputs", "3"))
    said = gradscape("check", path)
    assert said.code == 2 and "network" in said.err and "(2, ..., 10)" in said.err
