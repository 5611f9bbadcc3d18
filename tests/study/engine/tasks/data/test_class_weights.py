"""Balanced losses against torch's own weights and against closed forms."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study import Task, classification
from study.engine import NETWORKS, TASKS, TaskError, make_task, train_cohort
from study.engine.checkpoint import source_of
from study.engine.tasks.data.class_weights import weighted_task
from study.engine.tasks.data.task_data import check_data
from tests.study.engine.conftest import make_trial

G = torch.Generator().manual_seed(4)
X = torch.randn(1000, 3, generator=G, dtype=torch.float64)
RARE = torch.zeros(1000, dtype=torch.int64)
RARE[::50] = 2  # 2 %, and none of label 1
X[::50] += 1


def rare() -> Task:
    return classification("rare", X, RARE, classes=3, target=0.99)


def hinge(outputs: Tensor, labels: Tensor) -> Tensor:
    return functional.multi_margin_loss(outputs, labels, reduction="none")


def test_each_label_there_is_counts_as_much_as_any_other() -> None:
    task = weighted_task(rare())
    outputs = torch.randn(1000, 3, dtype=torch.float64, generator=G)
    weight = torch.tensor([1000 / (2 * 980), 0.0, 1000 / (2 * 20)], dtype=torch.float64)
    expected = functional.cross_entropy(outputs, RARE, weight=weight, reduction="none")
    assert torch.allclose(task.loss(outputs, RARE), expected)
    assert float(weight[RARE].mean()) == pytest.approx(1)
    # Whoever knows no input answers each of the two labels with probability 1/2.
    assert task.loss_chance == pytest.approx(math.log(2), rel=1e-4)


def test_the_measure_of_success_stays() -> None:
    before, after = rare(), weighted_task(rare())
    changed = {"loss": before.loss, "loss_chance": before.loss_chance}
    assert dataclasses.replace(after, **changed) == before  # type: ignore[arg-type]


def test_a_loss_of_ones_own_with_labels_that_do_not_begin_at_0() -> None:
    def signs(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.softplus(-outputs.squeeze(1) * labels)

    labels = torch.where(RARE > 0, 1, -1)
    task = weighted_task(dataclasses.replace(rare(), targets=labels, outputs=1, loss=signs))
    outputs = torch.randn(1000, 1, dtype=torch.float64, generator=G)
    expected = signs(outputs, labels) * torch.where(labels > 0, 25.0, 1000 / 1960)
    assert torch.allclose(task.loss(outputs, labels), expected)
    assert task.loss_chance == pytest.approx(math.log(2), rel=1e-4)


def test_answers_at_each_time_step_are_weighted_apart() -> None:
    tokens = RARE.view(100, 10)
    inputs = X[:, :1].reshape(100, 10, 1)
    task = weighted_task(classification("t", inputs, tokens, classes=3, target=0.99))
    outputs = torch.randn(100, 10, 3, dtype=torch.float64, generator=G)
    weight = torch.tensor([1000 / 1960, 0.0, 25.0], dtype=torch.float64)
    expected = functional.cross_entropy(
        outputs.movedim(2, 1), tokens, weight=weight, reduction="none"
    ).mean(dim=1)
    assert torch.allclose(task.loss(outputs, tokens), expected)
    assert task.loss_chance == pytest.approx(math.log(2), rel=1e-3)


@pytest.mark.parametrize("execution", ["fused", "chain", "vectorized", "looped"])
def test_training_is_that_of_torchs_weights(execution: str) -> None:
    weight = torch.tensor([1000 / 1960, 1.0, 25.0], dtype=torch.float64)

    def by_hand(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, labels, weight=weight, reduction="none")

    values = {"dtype": "float64", "learning_rate": 0.1, "batch_size": 64, "depth": 2, "width": 8}
    trials = [make_trial(number, **values) for number in range(3)]
    one, two = (
        train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=10, execution=execution)
        for task in (weighted_task(rare()), dataclasses.replace(rare(), loss=by_hand))
    )
    assert one.loss == pytest.approx(two.loss, rel=1e-9)


def test_labels_are_still_checked() -> None:
    changed = dataclasses.replace(weighted_task(rare()), outputs=2)
    with pytest.raises(ValueError, match="with 2 classes, but got 2 in 20 of 1000"):
        check_data(changed)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (lambda: TASKS["teacher"](examples=10), "those of task teacher are floating-point"),
        (
            lambda: dataclasses.replace(rare(), targets=RARE * 10**6),
            "reach from 0 to 2000000, as counts do",
        ),
        (
            lambda: dataclasses.replace(rare(), targets=RARE.view(500, 2), inputs=X[:500]),
            "an example must have one label .* rare have 2",
        ),
    ],
)
def test_what_has_no_labels_is_refused(task: Any, said: str) -> None:
    made = dataclasses.replace(task(), loss=hinge)
    with pytest.raises(TaskError, match=said) as refused:
        weighted_task(made)
    assert refused.value.parameter == "class_weights"


def test_a_study_file_asks_for_it_by_a_hyperparameter() -> None:
    assert make_task(rare, {}, {"class_weights": "none"}).loss is rare().loss
    balanced = make_task(rare, {}, {"class_weights": "balanced"})
    assert balanced.loss_chance == pytest.approx(math.log(2), rel=1e-4)


def test_a_checkpoint_knows_the_loss_behind_the_weights() -> None:
    # A loss of one's own that was corrected would have gone on from what the wrong one left.
    own = weighted_task(dataclasses.replace(rare(), loss=hinge)).loss
    assert source_of(own) == source_of(hinge) != source_of(weighted_task(rare()).loss)
