"""Standardized tasks against tasks that were standardized by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from study import Task, classification
from study.engine import NETWORKS, TASKS, TaskError, make_task, train_cohort
from study.engine.tasks.data.standardization import standardized_task
from tests.study.engine.conftest import make_trial

G = torch.Generator().manual_seed(4)
X = torch.randn(300, 3, generator=G, dtype=torch.float64) * torch.tensor([1.0, 50.0, 1e-3]) + 20
X[:, 2] = 0.1  # its deviation is not 0 in floating point
Y = torch.stack([X[:, 0] * 1e6, X[:, 1] ** 2], dim=1)


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(dim=1)


def distance(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).abs().mean(dim=1)


def raw(**changes: Any) -> Task:
    task = Task(
        name="raw",
        inputs=X,
        targets=Y,
        outputs=2,
        loss=squared,
        metric=distance,
        metric_name="mean absolute error",
        chance=float(distance(Y.median(dim=0).values, Y).mean()),
        ceiling=0.0,
        target=1000.0,
        loss_chance=float(Y.var(dim=0, correction=0).mean()),
    )
    return dataclasses.replace(task, **changes)


def by_hand(values: Tensor) -> Tensor:
    std = values.std(dim=0, correction=0)
    return (values - values.mean(dim=0)) / torch.where(std < 1e-12, 1.0, std)


def test_a_table_is_standardized_by_column_and_constant_columns_are_centred() -> None:
    task = standardized_task(raw(), "inputs")
    assert torch.allclose(task.inputs, by_hand(X), atol=1e-9)
    assert torch.equal(task.inputs[:, 2], torch.zeros(300, dtype=torch.float64))
    assert task.targets is Y and task.loss_chance == raw().loss_chance


def test_images_and_sequences_are_standardized_as_a_whole() -> None:
    images = X[:, :2].reshape(300, 1, 2, 1)
    task = standardized_task(raw(inputs=images), "inputs")
    assert float(task.inputs.mean()) == pytest.approx(0, abs=1e-12)
    assert float(task.inputs.var(correction=0)) == pytest.approx(1)
    assert torch.allclose(task.inputs * images.std(correction=0) + images.mean(), images)


def test_the_loss_is_in_standardized_units_and_the_metric_in_those_of_the_person() -> None:
    task = standardized_task(raw(), "both")
    assert torch.allclose(task.targets, by_hand(Y), atol=1e-9)
    guess = torch.randn(300, 2, dtype=torch.float64, generator=G)
    assert torch.allclose(task.loss(guess, task.targets), squared(guess, by_hand(Y)))
    restored = guess * Y.std(dim=0, correction=0) + Y.mean(dim=0)
    assert torch.allclose(task.metric(guess, task.targets), distance(restored, Y))
    assert task.loss_chance == pytest.approx(1.0)
    assert (task.chance, task.ceiling, task.target) == (raw().chance, 0.0, 1000.0)


def test_training_is_that_of_a_task_standardized_by_hand() -> None:
    values = {"dtype": "float64", "learning_rate": 0.05, "batch_size": 32, "depth": 2, "width": 8}
    trials = [make_trial(number, **values) for number in range(2)]
    hand = raw(inputs=by_hand(X), targets=by_hand(Y), loss_chance=1.0)
    one, two = (
        train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=20)
        for task in (standardized_task(raw(), "both"), hand)
    )
    assert one.loss == pytest.approx(two.loss, rel=1e-9)


def test_single_precision_data_stays_so_and_is_computed_in_double() -> None:
    far = (1e6 + torch.arange(100.0))[:, None]
    task = standardized_task(raw(inputs=far, targets=far, outputs=1), "both")
    assert task.inputs.dtype == torch.float32
    assert float(task.inputs.double().std(correction=0)) == pytest.approx(1, rel=1e-6)
    assert torch.allclose(task.metric(task.targets, task.targets), torch.zeros(100))


def test_targets_without_a_column_of_their_own() -> None:
    def flat(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.squeeze(1) - targets).square()

    task = standardized_task(raw(targets=Y[:, 0], outputs=1, loss=flat, metric=flat), "targets")
    guess = torch.zeros(300, 1, dtype=torch.float64)
    assert float(task.metric(guess, task.targets).mean()) == pytest.approx(
        float(Y[:, 0].var(correction=0))
    )


@pytest.mark.parametrize(
    ("task", "which", "said"),
    [
        (lambda: TASKS["temporal_order"](), "inputs", "temporal_order are token numbers"),
        (lambda: TASKS["digits"](), "both", "targets must be floating.* digits are labels"),
        (lambda: raw(inputs=torch.ones(300, 2).long()), "inputs", "raw are integers"),
        (lambda: raw(inputs=torch.ones(300, 2)), "inputs", "each column of them is one number"),
        (lambda: raw(targets=torch.ones(300, 1), outputs=1), "targets", "all of them is one"),
        (lambda: raw(outputs=4), "targets", "raw has 4 outputs and 2 targets an example"),
        (
            lambda: raw(loss=lambda outputs, targets: -(outputs * targets).mean(1)),
            "targets",
            "with standardized targets the loss of task raw has no lower bound",
        ),
    ],
)
def test_what_cannot_be_standardized_is_refused(task: Any, which: Any, said: str) -> None:
    with pytest.raises(TaskError, match=said) as refused:
        standardized_task(task(), which)
    assert refused.value.parameter == "standardize"


def test_a_study_file_asks_for_it_by_a_hyperparameter() -> None:
    def own() -> Task:
        return raw()

    assert make_task(own, {}, {"standardize": "none"}).inputs is X
    assert torch.allclose(make_task(own, {}, {"standardize": "inputs"}).inputs, by_hand(X))


def test_a_function_that_takes_it_does_it_itself() -> None:
    def own(*, standardize: str) -> Task:
        return raw(name=standardize)

    assert make_task(own, {}, {"standardize": "both"}).name == "both"
    assert make_task(own, {}, {"standardize": "both"}).inputs is X


def test_classification_with_standardized_inputs_is_as_before_but_for_them() -> None:
    labels = torch.arange(300) % 3
    task = classification("c", X, labels, classes=3, target=0.9)
    changed = standardized_task(task, "inputs")
    assert dataclasses.replace(changed, inputs=X) == task
