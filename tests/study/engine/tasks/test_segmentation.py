"""Shapes on a canvas: what is drawn, and what counts as found."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study.engine import TASKS, TaskError

BACKGROUND, SQUARE, DISC, TRIANGLE = range(4)


def test_shapes_are_where_their_labels_are() -> None:
    """One shape a canvas: its pixels, counted row by row, are those of its geometry."""
    task = TASKS["segmentation"](shapes=1, examples=600)
    sizes = set()
    for labels in task.targets.view(-1, 16, 16):
        rows = [row.nonzero().squeeze(1).tolist() for row in labels if row.any()]
        assert all(row == list(range(row[0], row[-1] + 1)) for row in rows)  # no holes
        (kind,) = labels[labels > 0].unique().tolist()
        lengths, side = [len(row) for row in rows], len(rows)
        if kind == SQUARE:
            assert lengths == [side] * side and len({row[0] for row in rows}) == 1
        elif kind == DISC:
            assert lengths == lengths[::-1] and max(lengths) == side
            middles = [number + 0.5 - side / 2 for number in range(side)]
            assert sum(lengths) == sum(
                math.hypot(x, y) <= side / 2 for x in middles for y in middles
            )
        else:
            assert lengths == sorted(lengths)
            # From a tip, whose row may hold no pixel's middle, to a base as wide as it is high.
            assert max(lengths) - side in (0, 1)
            assert sum(lengths) == pytest.approx(max(lengths) ** 2 / 2, rel=0.05)
        sizes.add((kind, side))
    assert {side for kind, side in sizes if kind == SQUARE} == {6, 7, 8, 9}
    assert {kind for kind, _ in sizes} == {SQUARE, DISC, TRIANGLE}


def test_kinds_are_equally_bright_inside_and_the_background_is_dark() -> None:
    task = TASKS["segmentation"]()
    pixels, labels = task.inputs.flatten(1), task.targets
    means = [pixels[labels == kind].mean().item() for kind in range(4)]
    assert max(means[1:]) - min(means[1:]) < 0.1
    assert means[0] < min(means[1:]) - 1.5
    assert pixels.square().mean().item() == pytest.approx(1)


def test_the_loss_is_a_mean_over_pixels() -> None:
    task = TASKS["segmentation"](canvas=12, examples=5)
    outputs = torch.randn(5, task.outputs, dtype=torch.float64)
    by_class = outputs.view(5, 4, 12, 12)  # as a network's channels are flattened
    expected = functional.cross_entropy(by_class, task.targets.view(5, 12, 12), reduction="none")
    torch.testing.assert_close(task.loss(outputs, task.targets), expected.flatten(1).mean(dim=1))


def said(labels: Tensor) -> Tensor:
    return functional.one_hot(labels, 4).transpose(1, 2).flatten(1).double()


def test_the_metric_is_intersection_over_union() -> None:
    task = TASKS["segmentation"](examples=50)
    labels = task.targets
    assert task.metric(said(labels), labels).tolist() == [1.0] * 50
    nothing = said(torch.zeros_like(labels))
    assert task.metric(nothing, labels).tolist() == [0.0] * 50
    guessed = torch.randint(4, labels.shape, generator=torch.Generator().manual_seed(0))
    for guess, truth, found in zip(
        guessed.tolist(), labels.tolist(), task.metric(said(guessed), labels), strict=True
    ):
        called = {(place, kind) for place, kind in enumerate(guess) if kind}
        there = {(place, kind) for place, kind in enumerate(truth) if kind}
        either = {place for place, _ in called | there}
        assert found.item() == pytest.approx(len(called & there) / len(either))


def test_the_target_needs_more_than_to_see_shapes() -> None:
    task = TASKS["segmentation"]()
    seen = (task.targets > 0).long()
    one_kind = max(
        task.metric(said(kind * seen), task.targets).mean().item() for kind in (1, 2, 3)
    )
    assert task.chance < one_kind < task.target - 0.1


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"canvas": 9}, "must be >= 10, but got 9"),
        ({"shapes": 0}, "must be >= 1, but got 0"),
        ({"examples": 1}, "must be >= 2, but got 1"),
    ],
)
def test_numbers_out_of_range(options: dict[str, int], rule: str) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS["segmentation"](**options)
    assert str(caught.value) == rule and caught.value.parameter in options
