"""A task's function gets what its signature names, each value as its annotation wants it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from study.engine import TASKS, Task, TaskError, classification, make_task, task_parameters

if TYPE_CHECKING:
    from nowhere import Unknown


def blobs(
    *,
    examples: int,
    noise: float = 0.5,
    sequence_length: int = 3,
    names: list[str] | None = None,
    shift: Sequence[float] = (0.0,),
    folder: Path | None = None,
    fast: bool = False,
    anything: Unknown = None,
    bare=7,
) -> Task:
    seen.clear()
    seen.update(locals())
    labels = torch.arange(examples) % 2
    return classification("blobs", labels[:, None].double(), labels, classes=2, target=0.9)


seen: dict[str, object] = {}


def test_options_and_hyperparameters_meet_in_one_call() -> None:
    task = make_task(blobs, {"examples": 6}, {"sequence_length": 5, "learning_rate": 0.1})
    assert task.examples == 6
    assert seen["sequence_length"] == 5 and seen["noise"] == 0.5 and "learning_rate" not in seen


def test_a_built_in_task_by_name_is_that_of_a_study_file() -> None:
    by_name = make_task("teacher", {"examples": "20"}, {"depth": 3})
    assert torch.equal(by_name.inputs, TASKS["teacher"](examples=20).inputs)
    whole = make_task("teacher", {"examples": 20}, {"standardize": "inputs"})
    assert float(whole.inputs.square().mean()) == pytest.approx(1)
    with pytest.raises(TaskError, match="^unknown task 'digit'; did you mean 'digits'"):
        make_task("digit")


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("examples", "8", 8),  # an environment variable is text
        ("examples", 8.0, 8),
        ("noise", 1, 1.0),
        ("noise", "1e-4", 1e-4),  # YAML reads this as text
        ("names", ["a"], ["a"]),
        ("names", None, None),
        ("shift", ["1e-1", 2], [0.1, 2.0]),
        ("folder", "data/mnist", Path("data/mnist")),
        ("fast", True, True),
        ("anything", {"deep": [1]}, {"deep": [1]}),
        ("bare", [1, "two"], [1, "two"]),
    ],
)
def test_values_are_read_by_annotation(name: str, given: object, value: object) -> None:
    make_task(blobs, {"examples": 4, name: given}, {})
    assert seen[name] == value and type(seen[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "rule"),
    [
        ("examples", "many", "must be an integer, but got 'many'"),
        ("examples", 2.5, "must be an integer, but got 2.5"),
        ("examples", True, "must be an integer, but got True"),
        ("noise", "loud", "must be a number, but got 'loud'"),
        ("noise", float("nan"), "must be a number, but got nan"),
        ("names", [1], "must be text or nothing, but got [1]"),
        ("names", "a", "must be a list or nothing, but got 'a'"),
        ("shift", 1.0, "must be a list, but got 1.0"),
        ("folder", 3, "must be a path or nothing, but got 3"),
        ("fast", "yes", "must be true or false, but got 'yes'"),
    ],
)
def test_values_of_another_type_are_refused(name: str, given: object, rule: str) -> None:
    with pytest.raises(TaskError) as caught:
        make_task(blobs, {"examples": 4, name: given}, {})
    assert str(caught.value) == rule
    assert caught.value.parameter == name


def test_an_unknown_option_lists_what_the_function_takes() -> None:
    with pytest.raises(TaskError) as caught:
        make_task(blobs, {"examples": 4, "nois": 1.0}, {})
    text = str(caught.value)
    assert text.startswith(
        "unknown option 'nois' of task blobs; did you mean 'noise'? it takes: examples: int, "
        "noise: float = 0.5, sequence_length: int = 3, names: list[str] | None = None"
    )
    assert caught.value.parameter == "nois"


def test_a_missing_one_is_named() -> None:
    with pytest.raises(TaskError, match=r"task blobs needs examples; it takes: examples: int, "):
        make_task(blobs, {}, {})


def test_an_option_that_is_a_hyperparameter_too() -> None:
    with pytest.raises(TaskError, match="sequence_length must be given once"):
        make_task(blobs, {"examples": 4, "sequence_length": 3}, {"sequence_length": 5})


def test_a_function_without_arguments_takes_no_options() -> None:
    def nothing() -> Task:
        raise AssertionError("must not be called")

    with pytest.raises(TaskError, match="task nothing takes no options, but got 'examples'"):
        make_task(nothing, {"examples": 4}, {"depth": 3})


def test_arguments_without_a_name_are_refused() -> None:
    def open_ended(**options: int) -> Task:
        raise AssertionError("must not be called")

    with pytest.raises(TaskError, match=r"by name, but open_ended has \*\*options"):
        task_parameters(open_ended)


def test_what_the_function_raises_is_not_touched() -> None:
    with pytest.raises(ValueError, match="^task blobs must have as many targets as inputs"):
        make_task(blobs, {"examples": 0}, {})
