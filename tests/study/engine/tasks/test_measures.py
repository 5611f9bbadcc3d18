"""Losses and metrics against sums written out in Python."""

from __future__ import annotations

import math

import pytest
import torch

from study.engine import classification
from study.engine.tasks.measures import correct, cross_entropy, squared_error

OUTPUTS = torch.tensor(
    [[[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], [[0.0, 0.0, 3.0], [-1.0, 1.0, 1.5]]],
    dtype=torch.float64,
)
LABELS = torch.tensor([[0, 2], [2, 1]])


def surprise(scores: list[float], label: int) -> float:
    return math.log(sum(math.exp(score) for score in scores)) - scores[label]


def test_cross_entropy() -> None:
    by_step = [
        [surprise(row, label) for row, label in zip(example, labels, strict=True)]
        for example, labels in zip(OUTPUTS.tolist(), LABELS.tolist(), strict=True)
    ]
    assert cross_entropy(OUTPUTS, LABELS).tolist() == pytest.approx(
        [sum(example) / 2 for example in by_step]
    )
    assert cross_entropy(OUTPUTS[:, 0], LABELS[:, 0]).tolist() == pytest.approx(
        [example[0] for example in by_step]
    )


def test_correct() -> None:
    assert correct(OUTPUTS, LABELS).tolist() == [0.5, 0.5]
    assert correct(OUTPUTS[:, 1], LABELS[:, 1]).tolist() == [0.0, 0.0]
    assert correct(OUTPUTS, LABELS).dtype == torch.float64


def test_squared_error() -> None:
    outputs = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    targets = torch.tensor([[0.0, 4.0], [0.0, 1.0]])
    assert squared_error(outputs, targets).tolist() == [2.5, 2.0]


def test_classification_at_each_time_step_counts_all_labels() -> None:
    labels = torch.tensor([[0, 0, 1], [0, 2, 1]])
    task = classification("t", labels, labels, classes=3, target=0.9, vocabulary=3)
    assert task.output_at == "time_step" and task.vocabulary == 3
    assert task.chance == pytest.approx(3 / 6)
    shares = (3 / 6, 2 / 6, 1 / 6)
    assert task.loss_chance == pytest.approx(-sum(share * math.log(share) for share in shares))
