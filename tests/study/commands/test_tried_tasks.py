"""A task that cannot be trained on is one line and exit code 2 in every command that would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape

MINE = """
import torch
from torch import nn
from study import Task, classification


def images(*, flat: bool = False) -> Task:
    x = torch.randn(64, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    loss = lambda outputs, targets: (outputs - targets).square().mean(1)
    return Task(
        name="images", inputs=x, targets=60 * x.flatten(1) if flat else x, outputs=16, loss=loss,
        metric=loss, metric_name="loss", chance=1.0, ceiling=0.0, target=0.1, loss_chance=1.0,
    )


def grades() -> Task:
    x = torch.randn(70, 3, generator=torch.Generator().manual_seed(0))
    return classification("grades", x, 1 + torch.arange(70) % 7, classes=7, target=0.8)


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.readout = nn.Linear(16, 16)

    def forward(self, x):
        return {"logits": self.readout(x.flatten(1)), "aux": x}


def several(hyperparameters, task):
    return Several()
"""

STUDY = """
study: tried
task: mine_tried:images
network: mlp
hyperparameters: {depth: 1, width: 4}
steps: 1
trials: 1
"""

COMMANDS = (("check", "--file-only"), ("run", "--local-mode", "--no-report"), ("diagnose",))


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    (tmp_path / "mine_tried.py").write_text(MINE)
    path = tmp_path / "tried.yaml"
    path.write_text(STUDY)
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("", "", "the loss of task images cannot be computed from outputs (64, 16) and targets"),
        (":images", ":grades", "but got 7 in 10 of 70 examples (rows 6, 13, 20, 27, 34, ...)"),
        (
            "network: mlp",
            "network: mine_tried:several",
            "a dict with 'logits', 'aux'; let forward",
        ),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    gradscape: Gradscape,
    study_file: Path,
    command: tuple[str, ...],
    before: str,
    after: str,
    rule: str,
) -> None:
    # `check` passed these; `run` and `diagnose` ended in a traceback.
    study_file.write_text(STUDY.replace(before, after, 1))
    said = gradscape(command[0], study_file, *command[1:])
    assert said.code == 2, said.err
    assert said.err.startswith(f"gradscape: {study_file}: ") and rule in said.err
    assert said.err.count("\n") == 1


def test_check_prints_the_scale_of_the_data(gradscape: Gradscape, study_file: Path) -> None:
    study_file.write_text(f"{STUDY}task_options: {{flat: true}}\n")
    said = gradscape("check", study_file, "--file-only")
    assert said.code == 0
    assert "inputs have mean " in said.out and "; targets have mean " in said.out
    (warning,) = [line for line in said.out.splitlines() if "`standardize: targets`" in line]
    assert warning.startswith("targets of task images have a mean of")
    plan = json.loads(gradscape("check", study_file, "--file-only", "--json").out)
    assert warning in plan["notices"]
    assert plan["tasks"][0]["targets"]["std"] == pytest.approx(60, rel=0.1)


def test_diagnose_says_what_is_odd_about_the_task(gradscape: Gradscape, study_file: Path) -> None:
    # The seeds' verdicts came alone, and nothing said that the targets were not scaled.
    study_file.write_text(f"{STUDY}task_options: {{flat: true}}\n")
    said = gradscape("diagnose", study_file, "--seeds", "1", "--no-remedies")
    assert said.code == 0
    assert "before training: targets of task images have a mean of" in said.out
    options = ("--seeds", "1", "--no-remedies", "--json")
    (notice,) = json.loads(gradscape("diagnose", study_file, *options).out)["notices"]
    assert notice.startswith("targets of task images have a mean of")
