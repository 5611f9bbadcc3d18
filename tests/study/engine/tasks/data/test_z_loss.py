"""The z-loss against its formula written out, and in training."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study import Task, classification
from study.engine import NETWORKS, TaskError, make_task, train_cohort
from study.engine.tasks.chance.best_constant import best_constant
from study.engine.tasks.data.z_loss import with_z_loss
from study.engine.tasks.measures import cross_entropy
from tests.study.engine.conftest import make_trial

G = torch.Generator().manual_seed(8)
X = torch.randn(64, 5, generator=G, dtype=torch.float64)
LABELS = torch.randint(0, 3, (64,), generator=G)


def labelled() -> Task:
    return classification("labelled", X, LABELS, classes=3, target=0.9)


def test_the_formula_for_one_answer_and_for_many() -> None:
    task = with_z_loss(labelled(), 0.01)
    outputs = 3 * torch.randn(64, 3, generator=G, dtype=torch.float64)
    z = outputs.exp().sum(dim=1).log()
    expected = functional.cross_entropy(outputs, LABELS, reduction="none") + 0.01 * z * z
    assert torch.allclose(task.loss(outputs, LABELS), expected, rtol=1e-12)
    over_time = task.loss(outputs.view(16, 4, 3), LABELS.view(16, 4))
    assert torch.allclose(over_time, expected.view(16, 4).mean(dim=1), rtol=1e-12)
    assert inspect.unwrap(task.loss) is cross_entropy


def test_the_best_constant_answer_has_the_loss_it_had() -> None:
    task = with_z_loss(labelled(), 0.5)
    found = best_constant(task.loss, task.predicted).loss
    assert found == pytest.approx(labelled().loss_chance, rel=1e-4)


def test_training_takes_the_added_term_down() -> None:
    values = {"depth": 1, "width": 4, "activation": "tanh", "learning_rate": 0.5}
    trial = make_trial(0, **values, batch_size=64, dtype="float64")
    task = make_task(labelled, {}, {"z_loss": 0.1})
    record = train_cohort([trial], task=task, network=NETWORKS["mlp"], steps=3)
    plain = train_cohort([trial], task=labelled(), network=NETWORKS["mlp"], steps=3)
    assert (record.loss > plain.loss).all()
    assert record.loss[0, 2] - plain.loss[0, 2] < record.loss[0, 0] - plain.loss[0, 0]


def test_another_loss_is_refused() -> None:
    def hinge(outputs: Tensor, labels: Tensor) -> Tensor:
        return functional.multi_margin_loss(outputs, labels, reduction="none")

    with pytest.raises(TaskError, match="must be the cross-entropy of logits") as refused:
        with_z_loss(dataclasses.replace(labelled(), loss=hinge), 1e-4)
    assert refused.value.parameter == "z_loss"
