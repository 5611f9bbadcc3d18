"""What a person is told of how a network of their own will be trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape

NETWORK = """
from torch import nn


class Rows(nn.Module):
    def __init__(self, columns, outputs):
        super().__init__()
        self.lstm = nn.LSTM(columns, 8, batch_first=True)
        self.readout = nn.Linear(8, outputs)

    def forward(self, images):
        return self.readout(self.lstm(images.reshape(len(images), 8, 8))[0][:, -1])


def rows(hyperparameters, task):
    return Rows(8, task.outputs)
"""

STUDY = """
study: rows
task: digits
network: rows_network:rows
hyperparameters: {learning_rate: [0.01, 0.1]}
steps: 5
trials: 4
resources: {checkpoint_minutes: 1}
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    (tmp_path / "rows_network.py").write_text(NETWORK)
    path = tmp_path / "rows.yaml"
    path.write_text(STUDY)
    return path


@pytest.mark.slow
def test_a_network_without_batching_rule_is_told_and_trains(
    gradscape: Gradscape, study_file: Path
) -> None:
    reason = (
        "trained one after another: RuntimeError: Batching rule not implemented for aten::lstm"
    )
    assert reason in gradscape("check", study_file).out
    assert reason in json.loads(gradscape("check", study_file, "--json").out)["notices"][0]
    ran = gradscape("run", study_file, "--local-mode", "--no-report")
    assert ran.code == 0
    assert ran.err.count(reason) == 1
    assert "4 of 4 trials done" in ran.out


@pytest.mark.parametrize("wrong", ["0", "-1", "often"])
def test_minutes_between_checkpoints_are_positive(
    gradscape: Gradscape, study_file: Path, wrong: str
) -> None:
    study_file.write_text(STUDY.replace("checkpoint_minutes: 1", f"checkpoint_minutes: {wrong}"))
    said = gradscape("check", study_file)
    assert said.code == 2
    assert "checkpoint_minutes" in said.err and "minutes > 0" in said.err
