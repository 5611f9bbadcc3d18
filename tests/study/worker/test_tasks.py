"""A study's tasks: made from options, paths and hyperparameters, kept, and sent to workers."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from search_spaces import InputError
from study.worker.tasks import KEPT, TaskSource

OWN = """
from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from study import Task, classification

calls = []


def rows(*, examples: int = 10, folder: Path | None = None, parts: list[Path] = (),
         sequence_length: int = 2) -> Task:
    calls.append((examples, folder, parts, sequence_length))
    if examples == 13:
        raise ValueError("13 is an unlucky number of examples")
    if examples == 14:
        raise RuntimeError("out of luck")
    if examples == 15:
        return None
    inputs = torch.zeros(examples, sequence_length)
    return classification("rows", inputs, torch.arange(examples) % 2, classes=2, target=0.9)


def numbers() -> Task:
    x = torch.arange(10.0)[:, None]
    loss = lambda outputs, targets: (outputs - targets).square().mean(1)
    return Task(
        name="numbers", inputs=x, targets=100 * x, outputs=1, loss=loss, metric=loss,
        metric_name="loss", chance=8.25, ceiling=0.0, target=0.1, loss_chance=8.25e4,
    )


def missing() -> Task:
    return dataclasses.replace(numbers(), inputs=torch.tensor([[0.0]] * 9 + [[float("nan")]]))


def unbounded() -> Task:
    x = torch.arange(10.0)[:, None]
    loss = lambda outputs, targets: -(outputs * targets).mean(1)
    return Task(name="likely", inputs=x, targets=x, outputs=1, loss=loss)


def plain() -> Task:
    raise ValueError("no data")
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a fresh module with tasks of one's own."""
    name = "own_tasks_" + tmp_path.name.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name


def source(own: str, tmp_path: Path, function: str = "rows", **options: object) -> TaskSource:
    return TaskSource(name=f"{own}:{function}", options=options, folder=tmp_path)


def calls(own: str) -> list[tuple[object, ...]]:
    import importlib

    found: list[tuple[object, ...]] = importlib.import_module(own).calls
    return found


def test_paths_begin_at_the_study_files_folder(own: str, tmp_path: Path) -> None:
    options = {"folder": "data", "parts": ["a", "/b"]}
    source(own, tmp_path, **options).task({})
    assert calls(own) == [(10, tmp_path / "data", [tmp_path / "a", Path("/b")], 2)]


def test_one_task_for_each_setting_of_its_hyperparameters(own: str, tmp_path: Path) -> None:
    tasks = source(own, tmp_path, examples=6)
    short = tasks.task({"sequence_length": 3, "learning_rate": 0.1})
    long = tasks.task({"sequence_length": 5, "learning_rate": 0.1})
    again = tasks.task({"sequence_length": 3, "learning_rate": 0.2})
    assert short is again and short is not long
    assert short.inputs.shape == (6, 3) and long.inputs.shape == (6, 5)
    assert len(calls(own)) == 2
    assert tasks.hyperparameters({"sequence_length": 3, "depth": 1}) == {"sequence_length": 3}


def test_trials_that_standardize_alike_have_the_same_task(own: str, tmp_path: Path) -> None:
    tasks = source(own, tmp_path, "numbers")
    plain, switched_off = tasks.task({"depth": 2}), tasks.task({"standardize": "none"})
    changed = tasks.task({"standardize": "both"})
    assert plain is switched_off and changed is not plain
    assert float(plain.inputs.mean()) == 4.5 and abs(float(changed.inputs.mean())) < 1e-6
    assert pickle.loads(pickle.dumps(tasks)).task({"standardize": "both"}).loss_chance == (
        pytest.approx(1.0)
    )
    assert tasks.hyperparameters({"standardize": "none", "depth": 1}) == {}
    assert tasks.hyperparameters({"standardize": "both"}) == {"standardize": "both"}


def test_what_cannot_be_changed_names_its_hyperparameter(own: str, tmp_path: Path) -> None:
    for task, name, value in (
        ("rows", "standardize", "targets"),
        ("numbers", "class_weights", "b"),
    ):
        with pytest.raises(InputError, match=f"^hyperparameters.{name}: targets must be"):
            source(own, tmp_path, task).task({name: value})


def test_data_that_is_to_be_standardized_is_checked_before(own: str, tmp_path: Path) -> None:
    # The one number that was missing made all others of its column so.
    with pytest.raises(InputError, match=r"^task: inputs .* nan in 1 of 10 examples \(row 9\)"):
        source(own, tmp_path, "missing").task({"standardize": "inputs"})


def test_a_level_that_cannot_be_worked_out_is_one_line(own: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^task: the loss of task likely has no lower bound"):
        source(own, tmp_path, "unbounded").task({})


def test_few_tasks_are_kept_in_memory(own: str, tmp_path: Path) -> None:
    tasks = source(own, tmp_path)
    for length in range(1, KEPT + 2):
        tasks.task({"sequence_length": length})
    tasks.task({"sequence_length": KEPT + 1})
    assert len(calls(own)) == KEPT + 1
    tasks.task({"sequence_length": 1})  # the one used longest ago was dropped
    assert len(calls(own)) == KEPT + 2


def test_a_worker_loads_its_own(own: str, tmp_path: Path) -> None:
    tasks = source(own, tmp_path, examples=6)
    tasks.task({})
    sent = pickle.dumps(tasks)
    assert len(sent) < 1000
    assert pickle.loads(sent).task({}).examples == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"examples": "x"}, "task_options.examples: must be an integer, but got 'x'"),
        ({"exampels": 3}, "task_options.exampels: unknown option 'exampels' of task rows; did"),
        ({"examples": 13}, "task_options: task OWN:rows: 13 is an unlucky number of examples"),
        ({"examples": 14}, "task: OWN:rows must return a Task, but it raised RuntimeError: out"),
        ({"examples": 15}, "task: OWN:rows must return a Task, but returned None"),
    ],
)
def test_refusals_name_their_key(
    own: str, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        source(own, tmp_path, **options).task({})
    assert str(caught.value).startswith(message.replace("OWN", own))


def test_a_function_without_options_that_fails(own: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        source(own, tmp_path, "plain").task({})
    assert str(caught.value) == (
        f"task: {own}:plain must return a Task, but it raised ValueError: no data"
    )


def test_unknown_built_in(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^task: unknown task 'digitz'; did you mean 'digits'"):
        TaskSource(name="digitz", folder=tmp_path).task({})
