"""Data that no network could learn from is refused with the offending values and rows."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from study import Task, classification
from study.engine.tasks.data.data_scale import data_scale, scale_notices
from study.engine.tasks.data.task_data import check_data
from study.engine.tasks.error import DataError


def labelled(labels: torch.Tensor, inputs: torch.Tensor | None = None, classes: int = 7) -> Task:
    data = torch.randn(len(labels), 3) if inputs is None else inputs
    return classification("grades", data, labels, classes=classes, target=0.8)


def test_labels_that_begin_at_one_are_refused_with_the_cure() -> None:
    # `check` passed them, and training ended in `IndexError: Target 7 is out of bounds`.
    with pytest.raises(ValueError) as refused:
        labelled(torch.arange(14) % 7 + 1)
    assert "but got 7 in 2 of 14 examples (rows 6, 13)" in str(refused.value)
    assert "pass labels - 1" in str(refused.value)


def test_a_label_for_what_is_missing_is_refused() -> None:
    labels = torch.arange(100) % 7
    labels[::10] = -1
    with pytest.raises(ValueError) as refused:
        labelled(labels)
    assert "-1 in 10 of 100 examples (rows 0, 10, 20, 30, 40, ...)" in str(refused.value)
    assert "leave out examples without a label" in str(refused.value)


def test_labels_that_are_no_integers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"integers, but are torch.float32; labels.long\(\)"):
        labelled(torch.zeros(4))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_inputs_that_are_not_finite_are_refused(number: float) -> None:
    # Training then looked like an exploding network, and changes were sought in vain.
    inputs = torch.randn(20, 3)
    inputs[17, 1] = inputs[17, 2] = number
    with pytest.raises(ValueError, match=rf"{number} in 1 of 20 examples \(row 17\)"):
        labelled(torch.arange(20) % 7, inputs)


def test_inputs_must_be_one_tensor() -> None:
    with pytest.raises(ValueError, match="must be one torch.Tensor"):
        labelled(torch.zeros(2).long(), (torch.zeros(2, 1), torch.zeros(2, 1)))  # type: ignore[arg-type]


def test_a_token_outside_of_the_vocabulary_is_refused() -> None:
    tokens = torch.tensor([[0, 1], [2, 3]])
    with pytest.raises(ValueError, match=r"with 3 tokens, but got 3 in 1 of 2 examples \(row 1\)"):
        classification("t", tokens, tokens[:, 0], classes=3, target=0.9, vocabulary=3)


def test_what_a_task_was_changed_to_is_checked_too() -> None:
    task = labelled(torch.arange(14) % 7)
    check_data(task)
    with pytest.raises(ValueError, match="with 3 classes, but got 3, 4, 5, 6 in 8 of 14"):
        check_data(dataclasses.replace(task, outputs=3))
    missing = torch.zeros(14, 1)
    missing[3] = float("nan")
    regression = dataclasses.replace(task, targets=missing, loss=lambda o, t: (o - t).mean(1))
    with pytest.raises(ValueError, match=r"targets .* nan in 1 of 14 examples \(row 3\)"):
        check_data(regression)


def test_scale_is_of_all_numbers() -> None:
    scale = data_scale(torch.tensor([[1, 3], [5, 7]]))
    assert (scale.mean, scale.low, scale.high) == (4, 1, 7)
    assert scale.std == pytest.approx(5**0.5)
    assert scale.rms == pytest.approx(21**0.5)  # (1 + 9 + 25 + 49) / 4


def test_inputs_and_targets_in_raw_units_are_noticed() -> None:
    x = torch.linspace(-100, 100, 101)[:, None]
    raw = dataclasses.replace(labelled(torch.arange(101) % 7, x), targets=x**4)
    of_inputs, of_targets = scale_notices(raw)
    assert "root mean square of 58.3" in of_inputs and "`standardize: inputs`" in of_inputs
    assert f"standard deviation of {(x**4).std(correction=0):.3g}" in of_targets
    x = x / x.std()
    assert scale_notices(dataclasses.replace(raw, inputs=x, targets=x / 1000)) == []


def test_labels_that_are_all_the_same_are_refused_by_their_name() -> None:
    """It was "`chance != ceiling` must hold", of which the person knew neither."""
    labels = torch.zeros(60, dtype=torch.long)
    with pytest.raises(DataError, match=r"all 60 examples have 0: there is nothing to learn"):
        classification("background", torch.randn(60, 3), labels, classes=2)
