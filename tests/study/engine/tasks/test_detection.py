"""Digits on a canvas, their boxes found again in the pixels; the loss and the metric by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from study.engine import TASKS, TaskError
from study.engine.tasks.detection import class_and_box_loss, found, intersection_over_union
from tests.study.engine.tasks.conftest import best_constant

Box = tuple[float, float, float, float]


def pixels_of(box: list[float], canvas: int) -> tuple[slice, slice]:
    """The rows and columns that a box from -1 to 1 covers."""
    x, y, width, height = ((value + 1) * canvas / 2 for value in (*box[:2], *box[2:]))
    width, height = width - canvas / 2, height - canvas / 2
    left, top = round(x - width / 2), round(y - height / 2)
    assert x - width / 2 == pytest.approx(left) and y - height / 2 == pytest.approx(top)
    return slice(top, top + round(height)), slice(left, left + round(width))


def test_the_digit_is_in_its_box_and_nowhere_else() -> None:
    task = TASKS["detection"](canvas=15, examples=400)
    assert task.inputs.shape == (400, 3, 15, 15) and task.targets.shape == (400, 5)
    sizes = set()
    for (pixels, *_), (_, *box) in zip(task.inputs.numpy(), task.targets.tolist(), strict=True):
        inside = np.zeros((15, 15), dtype=bool)
        inside[pixels_of(box, 15)] = True
        sizes.add(tuple(round(7.5 * side) for side in box[2:]))
        blank = pixels.min()
        assert (pixels[~inside] == blank).all() and pixels[inside].max() > blank
    assert sizes == set(itertools.product(range(6, 11), repeat=2))


def test_a_digit_of_its_own_size_is_the_one_of_task_digits() -> None:
    task, digits = TASKS["detection"](), TASKS["digits"]()
    known = digits.inputs.flatten(1)
    for image, (label, *box) in zip(task.inputs, task.targets.tolist(), strict=True):
        rows, columns = pixels_of(box, 16)
        crop = image[0, rows, columns]
        if crop.shape != (8, 8):
            continue
        alike = (crop.flatten() - crop.mean()) / crop.std(correction=0)
        others = (known - known.mean(1, keepdim=True)) / known.std(1, keepdim=True, correction=0)
        nearest = (others - alike).square().sum(dim=1)
        assert nearest.min() < 1e-12 and digits.targets[nearest.argmin()] == label
        return
    raise AssertionError("no digit of 8 x 8 pixels")


def test_the_other_channels_say_where_a_pixel_is() -> None:
    columns, rows = TASKS["detection"](canvas=10, examples=2).inputs[1, 1:]
    middles = torch.linspace(-0.9, 0.9, 10, dtype=torch.float64)
    torch.testing.assert_close(columns, middles.expand(10, 10))
    torch.testing.assert_close(rows, columns.T)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 1, 1), (0, 0, 1, 1), 1.0),
        ((0, 0, 1, 1), (0.5, 0, 1, 1), 1 / 3),
        ((0, 0, 2, 1), (0, 0, 1, 2), 1 / 3),
        ((0, 0, 2, 2), (0.25, 0.25, 0.5, 0.5), 1 / 16),
        ((0, 0, 1, 1), (2, 0, 1, 1), 0.0),
        ((0, 0, 1, 1), (0, 0, -1, 1), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_intersection_over_union(one: Box, other: Box, expected: float) -> None:
    boxes = [torch.tensor([box]) for box in (one, other)]
    assert intersection_over_union(*boxes).item() == pytest.approx(expected)
    assert intersection_over_union(*reversed(boxes)).item() == pytest.approx(expected)


def test_the_loss_has_two_parts() -> None:
    task = TASKS["detection"](examples=6)
    outputs = torch.randn(6, 14, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    loss = class_and_box_loss(outputs, task.targets)
    for row, target, got in zip(outputs, task.targets, loss, strict=True):
        by_class = functional.cross_entropy(row[:10], target[0].long())
        by_box = sum((float(row[10 + n]) - float(target[1 + n])) ** 2 for n in range(4))
        assert float(got) == pytest.approx(float(by_class) + 5 * by_box)


def test_who_is_right_of_one_part_only_has_not_found_it() -> None:
    task = TASKS["detection"]()
    labels = task.targets[:, 0].long()
    right = torch.cat([10.0 * functional.one_hot(labels, 10), task.targets[:, 1:]], dim=1)
    assert found(right, task.targets).mean() == 1
    beside = right.clone()
    beside[:, 10] += 0.4 * right[:, 12]  # a shift by 0.4 of the width leaves 0.6 / 1.4
    assert found(beside, task.targets).mean() == 0
    other_class = right.roll(1, dims=0)
    other_class[:, 10:] = right[:, 10:]
    assert found(other_class, task.targets).mean() < 0.2
    middle = right.clone()
    middle[:, 10:] = task.targets[:, 1:].mean(dim=0)
    assert found(middle, task.targets).mean() < task.target / 1.5


def test_chance_is_the_best_constant() -> None:
    task = TASKS["detection"](examples=500)
    guess = best_constant(task, 1, task.outputs)
    assert task.loss(guess, task.targets).mean() == pytest.approx(task.loss_chance, rel=1e-4)
    assert task.metric(guess, task.targets).mean() == pytest.approx(task.chance, abs=0.01)


@pytest.mark.parametrize(
    ("options", "rule"),
    [({"canvas": 9}, "must be >= 10, but got 9"), ({"examples": 1}, "must be >= 2, but got 1")],
)
def test_numbers_out_of_range(options: dict[str, int], rule: str) -> None:
    with pytest.raises(TaskError, match=rule):
        TASKS["detection"](**options)
