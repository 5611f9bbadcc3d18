"""Networks that end with a bound: where the loss wants it, and where it does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from study import Task, classification
from study.engine.tasks.data.bounded_outputs import bounded_outputs
from study.engine.tasks.data.class_weights import weighted_task

G = torch.Generator().manual_seed(5)
X = torch.randn(60, 4, generator=G)
LABELS = torch.arange(60) % 3
FIRST = nn.Linear(4, 3)

Loss = Callable[[Tensor, Tensor], Tensor]


def labelled() -> Task:
    return classification("c", X, LABELS, classes=3)


def numbers(targets: Tensor, loss: Loss, **given: Any) -> Task:
    return Task(name="r", inputs=X, targets=targets, outputs=3, loss=loss, **given)


def said(task: Task, end: Callable[[Tensor], Tensor]) -> str | None:
    return bounded_outputs(task, end(FIRST(X)), task.targets)


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(dim=1)


def own_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return -(outputs.log_softmax(dim=1) * functional.one_hot(targets, 3)).sum(dim=1)


def binary(outputs: Tensor, targets: Tensor) -> Tensor:
    losses = functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return losses.mean(dim=1)


def softmax_written_out(h: Tensor) -> Tensor:
    e = h.exp()
    return e / e.sum(dim=1, keepdim=True)


TWICE = (
    "the network's outputs are probabilities, by a softmax at its end, and the loss applies a "
    "softmax of its own: leave out the network's"
)


@pytest.mark.parametrize(
    "make",
    # Made when they are needed: weights want torch's solver, which takes seconds to import.
    [
        labelled,
        lambda: weighted_task(labelled()),
        lambda: dataclasses.replace(labelled(), loss=own_cross_entropy),
    ],
    ids=["cross_entropy", "weighted", "own"],
)
@pytest.mark.parametrize("end", [nn.Softmax(dim=1), softmax_written_out])
def test_a_softmax_under_a_loss_on_logits(
    make: Callable[[], Task], end: Callable[[Tensor], Tensor]
) -> None:
    # `stalled`, and no word on the second softmax.
    assert said(make(), end) == TWICE


def test_at_each_time_step() -> None:
    inputs = X.reshape(15, 4, 4)
    task = classification("t", inputs, LABELS.reshape(15, 4), classes=3)
    assert bounded_outputs(task, FIRST(inputs).softmax(dim=2), task.targets) == TWICE
    assert bounded_outputs(task, FIRST(inputs).softmax(dim=1), task.targets) is None


def test_a_sigmoid_under_a_loss_on_logits() -> None:
    task = numbers(functional.one_hot(LABELS, 3).float(), binary)
    assert said(task, nn.Sigmoid()) == (
        "the network's outputs lie between 0 and 1, by a sigmoid at its end, and the loss applies "
        "a sigmoid of its own: leave out the network's"
    )


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (nn.Sigmoid(), "lie between 0 and 1, by a sigmoid at its end, and 67 % of the targets"),
        (nn.Tanh(), "lie between -1 and 1, by a tanh at its end, and 43 % of the targets"),
        (nn.ReLU(), "are never below 0, by a relu at its end, and 33 % of the targets"),
        (lambda h: torch.sigmoid(h).view(-1).view(60, 3).double(), "lie between 0 and 1"),
    ],
)
def test_targets_beyond_the_bounds(end: Callable[[Tensor], Tensor], text: str) -> None:
    targets = torch.stack([0.5 * torch.ones(60), 3 + X[:, 1].abs(), -X[:, 2].abs()], dim=1)
    notice = said(numbers(targets, squared), end)
    assert notice is not None and text in notice and "lie beyond: leave out the" in notice


@pytest.mark.parametrize(
    ("of", "end"),
    [
        (labelled, nn.Identity()),
        (labelled, nn.LogSoftmax(dim=1)),  # a second one changes nothing
        (labelled, nn.ReLU()),  # logits that are not negative can be sure of a label
        (labelled, nn.Softmax(dim=0)),
        (functional.one_hot(LABELS, 3).float(), nn.Softmax(dim=1)),
        (functional.one_hot(LABELS, 3).float(), nn.Sigmoid()),
        (X[:, :3].sigmoid(), nn.Sigmoid()),
        (X[:, :3].tanh(), nn.Tanh()),
        (0.4 * X[:, :3], nn.Tanh()),  # hardly a target is out of reach
        (X[:, :3].abs(), nn.ReLU()),
    ],
)
def test_bounds_that_the_loss_can_do_with(
    of: Tensor | Callable[[], Task], end: Callable[[Tensor], Tensor]
) -> None:
    assert said(numbers(of, squared) if isinstance(of, Tensor) else of(), end) is None


def log_of_probability(outputs: Tensor, targets: Tensor) -> Tensor:
    return -outputs.gather(1, targets[:, None]).squeeze(1).log()


def probabilities_only(outputs: Tensor, targets: Tensor) -> Tensor:
    one_hot = functional.one_hot(targets, 3).to(outputs.dtype)
    return functional.binary_cross_entropy(outputs, one_hot, reduction="none").mean(dim=1)


@pytest.mark.parametrize("loss", [log_of_probability, probabilities_only])
@pytest.mark.parametrize("end", [nn.Softmax(dim=1), nn.Sigmoid()])
def test_losses_that_take_probabilities(loss: Loss, end: Callable[[Tensor], Tensor]) -> None:
    assert said(dataclasses.replace(labelled(), loss=loss), end) is None


def test_random_numbers_stay() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    said(labelled(), nn.Softmax(dim=1))
    assert torch.equal(before, torch.get_rng_state())
