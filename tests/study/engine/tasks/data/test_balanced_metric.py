"""Balanced metrics against scikit-learn's, and against closed forms."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor

from study import Task, classification
from study.engine import TASKS
from study.engine.tasks.data.balanced_metric import balanced_metric_task
from study.engine.tasks.data.class_weights import weighted_task
from study.worker.tasks import TaskSource

G = torch.Generator().manual_seed(8)
X = torch.randn(1000, 3, generator=G, dtype=torch.float64)
RARE = torch.zeros(1000, dtype=torch.int64)
RARE[::50] = 2  # 2 %, and none of label 1


def rare(**options: object) -> Task:
    return classification("rare", X, RARE, classes=3, target=0.99, **options)  # type: ignore[arg-type]


def balanced(task: Task) -> Task:
    made = balanced_metric_task(task)
    assert made is not None
    return made


def test_accuracy_becomes_balanced_accuracy() -> None:
    task = balanced(rare())
    outputs = torch.randn(1000, 3, dtype=torch.float64, generator=G)
    expected = balanced_accuracy_score(RARE, outputs.argmax(dim=1))
    assert float(task.metric(outputs, RARE).mean()) == pytest.approx(expected, rel=1e-12)
    assert task.metric_name == "balanced accuracy"


def test_no_batch_is_better_than_the_best() -> None:
    # Weights alone gave a batch with more of the 2 % than its share an accuracy above 1.
    task, labels = balanced(rare()), torch.tensor([0, 2, 2, 0])
    assert float(task.metric(torch.eye(3)[labels], labels).mean()) == 1.0
    missed = torch.eye(3)[[0, 2, 0, 0]]
    # One missed of 2 % counts as 25 missed of all would.
    assert task.metric(missed, labels).tolist() == pytest.approx([1, 1, 1 - 25, 1])


def test_levels_keep_their_place_between_chance_and_ceiling() -> None:
    task = balanced(rare())  # Target 0.99 is half of the way from 0.98 to 1.
    assert (task.chance, task.ceiling) == (pytest.approx(0.5), 1.0)
    assert task.target == pytest.approx(0.75)
    assert (task.loss, task.loss_chance) == (rare().loss, rare().loss_chance)


def test_a_task_of_labels_can_be_made_so() -> None:
    task, other = rare(balanced_metric=True), balanced(rare())
    outputs = torch.randn(1000, 3, dtype=torch.float64, generator=G)
    assert torch.equal(task.metric(outputs, RARE), other.metric(outputs, RARE))
    assert (task.metric_name, task.chance) == ("balanced accuracy", pytest.approx(0.5))


def test_each_answer_of_a_sequence_counts_by_its_own_label() -> None:
    inputs, labels = X[:, :1].reshape(100, 10, 1), RARE.view(100, 10)
    task = balanced(classification("t", inputs, labels, classes=3))
    outputs = torch.randn(100, 10, 3, dtype=torch.float64, generator=G)
    expected = balanced_accuracy_score(RARE, outputs.argmax(dim=2).flatten())
    assert float(task.metric(outputs, labels).mean()) == pytest.approx(expected, rel=1e-12)


def test_an_error_of_ones_own_keeps_its_direction() -> None:
    def wrong(outputs: Tensor, labels: Tensor) -> Tensor:
        return (outputs.argmax(dim=1) != labels).double()

    levels = {"chance": 0.02, "ceiling": 0.0, "target": 0.005}
    task = dataclasses.replace(rare(), metric=wrong, metric_name="error", **levels)  # type: ignore[arg-type]
    made = balanced(task)
    assert made.chance == pytest.approx(0.5) and made.target == pytest.approx(0.125)


@pytest.mark.parametrize(
    "task",
    [
        TASKS["digits"](),
        TASKS["teacher"](examples=10),
        rare(balanced_metric=True),
        # One that weights rare answers itself passes its ceiling when it is weighted again.
        dataclasses.replace(
            rare(),
            metric=lambda o, t: (o.argmax(1) == t) * torch.where(t > 0, 25.0, 1 / 1.96),
            chance=0.5,
            target=0.75,
        ),
    ],
    ids=["even labels", "numbers", "balanced before", "balanced by hand"],
)
def test_what_cannot_be_balanced_stays(task: Task) -> None:
    assert balanced_metric_task(task) is None


def test_weights_of_loss_and_metric_go_together() -> None:
    task = balanced(weighted_task(rare()))
    assert task.loss_chance == pytest.approx(weighted_task(rare()).loss_chance)
    assert task.chance == pytest.approx(0.5)


def test_a_source_of_tasks_measures_them_by_label(tmp_path: object) -> None:
    source = TaskSource(name="digits", folder=tmp_path, balanced_metric=True)  # type: ignore[arg-type]
    assert source.task({}).metric_name == "accuracy"  # Digits are about as frequent.
