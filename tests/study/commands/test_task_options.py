"""Options and hyperparameters of a task, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape

TASKS = '''
from __future__ import annotations

from pathlib import Path

import torch

from study import Task, classification


def rows(*, file: Path, sequence_length: int, copies: int = 1) -> Task:
    """As many equal columns as `sequence_length`; the label is their sign."""
    if not file.is_file():
        raise FileNotFoundError(f"there must be a file {file}")
    values = torch.tensor([float(line) for line in file.read_text().split()] * copies)
    inputs = values[:, None].repeat(1, sequence_length)
    return classification("rows", inputs, (values > 0).long(), classes=2, target=0.9)


def schooled(*, sequence_length: int, learning_rate: float) -> Task:
    raise AssertionError("must not be called")
'''

STUDY = """
study: rows
task: rows_task:rows
task_options: {file: numbers.txt, copies: 4}
network: mlp
hyperparameters:
  sequence_length: [2, 5]
  depth: 1
  width: 8
  batch_size: 8
  learning_rate: 0.1
steps: 5
trials: 2
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """In a folder of its own, with the task and its data beside it."""
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "rows_task.py").write_text(TASKS)
    (folder / "numbers.txt").write_text("-1 2 -3 4\n")
    path = folder / "rows.yaml"
    path.write_text(STUDY)
    return path


def test_check_shows_each_task(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("check", study_file)
    assert said.code == 0, said
    for length in (2, 5):
        assert (
            f"task rows, sequence_length {length}: 16 examples of {length} numbers, 2 outputs; "
            "accuracy 0.5 by chance, 0.9 counts as trained, 1 is best\n"
        ) in said.out
    plan = json.loads(gradscape("check", study_file, "--json").out)
    assert [one["hyperparameters"] for one in plan["tasks"]] == [
        {"sequence_length": 2},
        {"sequence_length": 5},
    ]
    assert [one["input_shape"] for one in plan["tasks"]] == [[2], [5]]
    assert plan["groups"] == 2


@pytest.mark.slow
def test_diagnose_finds_the_data_beside_the_study_file(
    gradscape: Gradscape, study_file: Path
) -> None:
    said = gradscape(
        "diagnose", study_file, "--set", "sequence_length=3", "--steps", 3, "--seeds", 1, "--json"
    )
    assert said.code == 0, said
    assert json.loads(said.out)["hyperparameters"]["sequence_length"] == 3


@pytest.mark.slow
def test_other_options_are_another_study(gradscape: Gradscape, study_file: Path) -> None:
    assert gradscape("run", study_file, "--local-mode", "--no-report").code == 0
    study_file.write_text(STUDY.replace("copies: 4", "copies: 2"))
    said = gradscape("run", study_file, "--local-mode")
    assert said.code == 2
    assert "task_options.copies: was 4, now 2" in said.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("file: numbers.txt, ", "", "task_options.file: task rows needs file; it takes: file: "),
        ("numbers", "letters", "task_options: task rows_task:rows: there must be a file /"),
        ("copies: 4", "copies: 1", "hyperparameters.batch_size: `batch_size <= examples` must"),
        ("copies: 4", "copies: x", "task_options.copies: must be an integer, but got 'x'"),
        ("copies: 4", "copis: 4", "task_options.copis: unknown option 'copis' of task rows; did"),
        (
            "depth: 1",
            "depth: 1\n  noise: [1, 2]",
            "hyperparameters.noise: neither network mlp nor task rows_task:rows has it; the task "
            "takes: file, sequence_length, copies",
        ),
        (
            "rows_task:rows\ntask_options: {file: numbers.txt, copies: 4}",
            "rows_task:schooled",
            "task: a task must not depend on learning_rate, in which the trials of a cohort may",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "check", "diagnose"])
def test_what_does_not_fit_is_one_line(
    gradscape: Gradscape, study_file: Path, old: str, new: str, message: str, command: str
) -> None:
    study_file.write_text(STUDY.replace(old, new))
    said = gradscape(command, study_file)
    assert said.code == 2, said
    assert said.err.startswith(f"gradscape: {study_file}: {message}")
    assert said.err.count("\n") == 1
