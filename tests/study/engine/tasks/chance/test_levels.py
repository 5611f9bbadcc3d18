"""Levels worked out from the data, against closed forms and what built-in tasks state."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study import Task, classification
from study.engine import TASKS
from study.engine.tasks.data.standardization import standardized_task
from study.engine.tasks.measures import correct, cross_entropy, squared_error

X = torch.randn(600, 2, generator=torch.Generator().manual_seed(2))
Y = torch.stack([3 * X[:, 0] + 5, X[:, 1].exp()], dim=1)


def regression(**given: Any) -> Task:
    fields: dict[str, Any] = {
        "name": "r",
        "inputs": X,
        "targets": Y,
        "outputs": 2,
        "loss": squared_error,
    }
    return Task(**{**fields, **given})


def labelled(labels: Tensor, **given: Any) -> Task:
    fields: dict[str, Any] = {
        "name": "c",
        "inputs": X[: len(labels)],
        "targets": labels,
        "outputs": 3,
        "loss": cross_entropy,
        "metric": correct,
        "ceiling": 1.0,
    }
    return Task(**{**fields, **given})


def largest_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).abs().amax(dim=1)


def test_without_a_metric_it_is_the_share_of_the_loss_that_is_explained() -> None:
    task = regression()
    assert task.loss_chance == pytest.approx(float(Y.var(dim=0, correction=0).mean()), rel=1e-3)
    assert (task.metric_name, task.chance, task.ceiling, task.target) == (
        "loss explained",
        0.0,
        1.0,
        0.5,
    )
    mean = Y.mean(dim=0).expand_as(Y)
    assert float(task.metric(mean, Y).mean()) == pytest.approx(0.0, abs=1e-3)
    assert torch.equal(task.metric(Y, Y), torch.ones(600))


def test_a_teacher_without_levels_has_those_that_it_states() -> None:
    stated = TASKS["teacher"](examples=500)
    found = Task(
        name="teacher",
        inputs=stated.inputs,
        targets=stated.targets,
        outputs=stated.outputs,
        loss=stated.loss,
    )
    for name in ("chance", "ceiling", "target", "loss_chance"):
        assert getattr(found, name) == pytest.approx(getattr(stated, name), rel=1e-3, abs=1e-6)
    outputs = torch.randn(500, stated.outputs)
    expected = stated.metric(outputs, stated.targets)
    assert torch.allclose(found.metric(outputs, stated.targets), expected, atol=1e-3)


def test_accuracy_by_chance_is_that_of_the_most_frequent_label() -> None:
    labels = torch.tensor([0] * 20 + [1] * 25 + [2] * 55)
    found, stated = labelled(labels), classification("c", X[:100], labels, classes=3)
    assert found.chance == stated.chance == 0.55
    assert found.loss_chance == pytest.approx(stated.loss_chance, rel=1e-3)
    assert found.target == stated.target == pytest.approx(0.775)
    assert found.metric_name == "correct"


def test_the_metric_of_a_label_that_the_loss_does_not_ask_for() -> None:
    # The constant of the lowest loss is sure of label 0, which this metric does not reward.
    def finds_twos(outputs: Tensor, labels: Tensor) -> Tensor:
        return ((outputs.argmax(dim=1) == 2) & (labels == 2)).float()

    labels = torch.tensor([0] * 90 + [2] * 10)
    assert labelled(labels, metric=finds_twos).chance == pytest.approx(0.1)


def test_labels_at_each_time_step() -> None:
    text = TASKS["text"](characters=3000)
    fields = {name: None for name in ("chance", "loss_chance", "metric_name", "target")}
    found = dataclasses.replace(text, **fields)  # type: ignore[arg-type]
    assert found.chance == pytest.approx(text.chance)
    assert found.loss_chance == pytest.approx(text.loss_chance, rel=1e-3)


def test_one_output_for_two_classes() -> None:
    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        target = labels.to(outputs.dtype)
        return functional.binary_cross_entropy_with_logits(
            outputs.squeeze(1), target, reduction="none"
        )

    def right(outputs: Tensor, labels: Tensor) -> Tensor:
        return ((outputs.squeeze(1) > 0) == (labels > 0)).float()

    labels = (torch.arange(300) % 3 == 0).long()
    task = labelled(labels, outputs=1, loss=loss, metric=right)
    assert task.chance == pytest.approx(2 / 3)
    assert task.loss_chance == pytest.approx(math.log(3) - 2 / 3 * math.log(2), rel=1e-3)


def test_of_an_error_less_is_better() -> None:
    task = regression(metric=largest_error, ceiling=0.0)
    mean = Y.double().mean(dim=0).expand(600, 2)
    assert task.chance == pytest.approx(float(largest_error(mean, Y.double()).mean()), rel=1e-3)
    assert task.target == pytest.approx(task.chance / 2)
    assert task.metric_name == "largest error"


def test_what_is_given_stays_and_is_not_looked_for() -> None:
    def never(outputs: Tensor, targets: Tensor) -> Tensor:
        raise AssertionError("a loss whose levels are given is not asked")

    given = {"chance": 0.0, "ceiling": 1.0, "loss_chance": 4.0, "target": 0.3}
    task = regression(loss=never, metric=largest_error, metric_name="m", **given)
    assert {name: getattr(task, name) for name in given} == given
    assert regression(loss_chance=8.0).metric(Y + 2, Y)[0] == pytest.approx(0.5)


def test_a_network_that_ends_with_log_softmax_needs_no_more() -> None:
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.nll_loss(outputs, targets, reduction="none")

    labels = torch.tensor([0] * 20 + [1] * 25 + [2] * 55)
    assert labelled(labels, loss=loss).chance == 0.55
    explained = labelled(labels, loss=loss, metric=None, ceiling=None)
    assert explained.metric_name == "loss explained" and explained.target == 0.5


def test_standardized_targets_have_a_share_of_their_own_loss() -> None:
    task = standardized_task(regression(), "targets")
    assert task.loss_chance == pytest.approx(1.0, rel=1e-3)
    zeros = torch.zeros(600, 2)
    assert float(task.metric(zeros, task.targets).mean()) == pytest.approx(0.0, abs=1e-3)


def poisson(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.poisson_nll_loss(outputs, targets, reduction="none").mean(dim=1)


def likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
    error = (targets[:, 0] - outputs[:, 0]).square()
    return outputs[:, 1] + error * torch.exp(-outputs[:, 1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": largest_error}, "task r must say the ceiling of its metric"),
        ({"chance": 0.2}, "`chance` must come with the metric .* chance=0.2 and no metric"),
        ({"targets": torch.ones(600, 2)}, "r must have a metric of its own, .* prediction is 0"),
        ({"loss": likelihood, "targets": Y[:, :1]}, "r must have a metric .* can be negative"),
        ({"loss": poisson, "targets": Y.round()}, "r must have a metric of its own"),
        ({"targets": torch.full((600, 2), math.nan)}, "targets of task r must be finite"),
        ({"metric": lambda o, t: o @ t, "ceiling": 1.0}, "metric of task r cannot be computed"),
        ({"loss": lambda o, t: -(o * t).mean(1)}, "loss of task r has no lower bound"),
    ],
)
def test_what_cannot_be_worked_out_is_one_line(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        regression(**changes)
    assert "\n" not in str(refused.value)


def test_a_ceiling_that_constant_predictions_pass_is_none() -> None:
    labels = torch.tensor([0] * 20 + [1] * 25 + [2] * 55)
    with pytest.raises(ValueError, match="ceiling of task c must be .* metric from 0.2 to 0.55"):
        labelled(labels, ceiling=0.5)
