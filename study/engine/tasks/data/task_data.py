"""Rules that data must keep before a network sees it: finite numbers, labels and tokens in range.

A label that is out of range ends training with an IndexError, and a NaN among the inputs looks
like an exploding network; both are told apart from the data alone.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from torch import Tensor

from study.engine.tasks.error import DataError
from study.engine.tasks.measures import cross_entropy

if TYPE_CHECKING:
    from study.engine.tasks.task import Task

NAMED = 5
"""Rows, and distinct values, that a refusal names; it counts the others."""


def check_data(task: Task) -> None:
    """Refuses a task whose data no network could learn from.

    Raises:
        DataError: If inputs or targets are no tensors or not finite, a token is none of the
            vocabulary, or a label of a cross-entropy none of the outputs.
    """
    check_inputs(task.name, task.inputs, vocabulary=task.vocabulary)
    _check_tensor(task.name, "targets", task.targets)
    if inspect.unwrap(task.loss) is cross_entropy:
        check_labels(task.name, task.targets, classes=task.outputs)
    check_finite(
        task.name,
        "targets",
        task.targets,
        cure="leave those examples out, or let a finite number stand for what is missing and the "
        "loss give it no weight",
    )


def check_inputs(name: str, inputs: Tensor, *, vocabulary: int | None) -> None:
    """Refuses inputs that are not finite, and tokens outside of [0, vocabulary).

    Args:
        name: Of the task.
        inputs: (N, ...).
        vocabulary: Number of tokens where inputs are token numbers, else None.

    Raises:
        DataError: With the offending values and rows.
    """
    _check_tensor(name, "inputs", inputs)
    check_finite(
        name, "inputs", inputs, cure="leave those examples out, or fill in what is missing"
    )
    if vocabulary is not None and not inputs.is_floating_point():
        wrong = (inputs < 0) | (inputs >= vocabulary)
        if wrong.any():
            raise DataError(
                f"`0 <= token < vocabulary` must hold for task {name} with {vocabulary} tokens, "
                f"but got {_offenders(inputs, wrong)}"
            )


def check_differing(name: str, targets: Tensor) -> None:
    """Refuses targets that are the same for all examples.

    Args:
        name: Of the task.
        targets: (N, ...).

    Raises:
        DataError: With what all of them are.
    """
    if len(targets) > 1 and bool((targets == targets[:1]).all()):
        raise DataError(
            f"targets of task {name} must differ from each other, but all {len(targets)} examples "
            f"have {_short(targets[0])}: there is nothing to learn; look at how they are read, "
            "numbered and filtered"
        )


def _short(value: Tensor) -> str:
    return (
        f"{value.item():g}" if value.numel() == 1 else f"one value of shape {tuple(value.shape)}"
    )


def check_labels(name: str, labels: Tensor, *, classes: int) -> None:
    """Refuses labels that are no integers in [0, classes).

    Args:
        name: Of the task.
        labels: (N,) or (N, T).
        classes: Number of labels.

    Raises:
        DataError: With the offending values and rows.
    """
    _check_tensor(name, "labels", labels)
    if labels.is_floating_point():
        raise DataError(
            f"labels of task {name} must be integers, but are {labels.dtype}; labels.long() "
            "makes them so"
        )
    wrong = (labels < 0) | (labels >= classes)
    if not wrong.any():
        return
    from_one = int(labels.min()) == 1 and int(labels.max()) == classes
    cure = (
        "; they begin at 1: pass labels - 1"
        if from_one
        else "; leave out examples without a label, and count the classes from 0"
    )
    raise DataError(
        f"`0 <= label < classes` must hold for task {name} with {classes} classes, but got "
        f"{_offenders(labels, wrong)}{cure}"
    )


def _check_tensor(name: str, what: str, values: object) -> None:
    if not isinstance(values, Tensor):
        raise DataError(
            f"{what} of task {name} must be one torch.Tensor (N, ...), but are "
            f"{type(values).__name__}; torch.from_numpy makes one of an array, torch.cat one of "
            "several, which the network takes apart"
        )


def check_finite(name: str, what: str, values: Tensor, *, cure: str) -> None:
    """Refuses numbers that are not finite.

    Raises:
        DataError: With the offending values and rows.
    """
    if not values.is_floating_point():
        return
    wrong = ~values.isfinite()
    if wrong.any():
        raise DataError(
            f"{what} of task {name} must be finite, but got {_offenders(values, wrong)}; {cure}"
        )


def _offenders(values: Tensor, wrong: Tensor) -> str:
    """The wrong values and the rows they are in: "-1 in 20 of 1000 examples (rows 0, 50, ...)"."""
    # As texts: a NaN differs from itself, and unique() would list each one.
    distinct = sorted({f"{value:g}" for value in values[wrong].unique().tolist()}, key=float)
    rows = wrong.flatten(1).any(dim=1) if wrong.ndim > 1 else wrong
    numbers = rows.nonzero().flatten().tolist()
    noun = "row" if len(numbers) == 1 else "rows"
    return (
        f"{_listed(distinct)} in {len(numbers)} of {len(rows)} examples "
        f"({noun} {_listed([str(number) for number in numbers])})"
    )


def _listed(texts: list[str]) -> str:
    return ", ".join([*texts[:NAMED], *(["..."] if len(texts) > NAMED else [])])
