"""A loss, or its gradient, that is not finite: for which examples, and which function made it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from study.engine import batch_task
from tests.study.engine.forensics.conftest import (
    X,
    a_task,
    a_trial,
    failure_of,
    network_of,
    squared,
    train,
)


def exact_examples(loss: Any) -> Any:
    """A task with rows 5 and 40 fitted exactly: zero in, zero out, no bias."""
    inputs = X.clone()
    inputs[[5, 40]] = 0.0
    return a_task(inputs=inputs, targets=inputs.sum(1, keepdim=True), loss=loss)


@pytest.mark.parametrize(
    ("loss", "function"),
    [
        (lambda o, t: (o - t).square().sum(1).sqrt(), "sqrt at 0"),
        (lambda o, t: (o - t).square().sum(1) ** 0.5, "a power below 1 at 0"),
        (lambda o, t: torch.atan((o - t).abs().sum(1).log()), "log at 0"),
        (lambda o, t: torch.atan(1 / (o - t).abs().sum(1)), "a division by 0"),
        (lambda o, t: torch.acos(1 - (o - t).abs().sum(1).clamp(max=1)), "acos at 1 or -1"),
    ],
)
def test_the_gradient_of_a_finite_loss(loss: Any, function: str) -> None:
    # Was told as "the gradient of 4.weight was not finite": as if the network had exploded.
    record = train(exact_examples(loss), trials=[a_trial(batch_size=64)])
    failure = failure_of(record)
    assert record.failure_step[0] == 0
    assert failure.origin == "loss_gradient"
    assert failure.detail.startswith(
        f"the derivative of {function} for 2 of 64 examples (rows 5, 40); "
    )
    assert failure.output is not None and failure.output < 10


@pytest.mark.parametrize(
    ("loss", "function"),
    [
        (lambda o, t: (o - t).square().sum(1).log(), "log at 0 for 2 of"),
        (lambda o, t: 1 / (o - t).square().sum(1), "a division by 0 for 2 of"),
        (lambda o, t: (o - t).square().sum(1) ** -1.5, "a negative power of 0 for 2 of"),
        (lambda o, t: ((o - t).abs().sum(1) - 1e-9).sqrt(), "sqrt of a negative number for 2 of"),
        (lambda o, t: ((o - t).abs().sum(1) - 1e-9).log(), "log of a negative number for 2 of"),
        (lambda o, t: torch.where(t == 0, 1e9, o - t).exp().sum(1), "overflow of exp for 2 of"),
        (lambda o, t: torch.where(t == 0, 1e30, o).square().sum(1), "overflow of a power for 2"),
        (
            lambda o, t: torch.where(t == 0, 2.0 + o, 0 * o).acos().sum(1),
            "acos or asin beyond 1, by rounding",
        ),
    ],
)
def test_the_loss_of_finite_outputs(loss: Any, function: str) -> None:
    failure = failure_of(train(exact_examples(loss), trials=[a_trial(batch_size=64)]))
    assert failure.origin == "loss"
    assert failure.detail.startswith(function)
    assert "2 of 64 examples (rows 5, 40)" in failure.detail


def test_zero_times_log_of_zero_after_some_steps() -> None:
    # Cross-entropy written out; 1e-10 beside 1 is lost in float32. Called "exploding", and a
    # smaller learning rate that only postpones it was certified.
    def bernoulli(outputs: Tensor, targets: Tensor) -> Tensor:
        return -(
            targets * torch.log(1e-10 + outputs) + (1 - targets) * torch.log(1e-10 + 1 - outputs)
        ).sum(1)

    record = train(
        a_task(inputs=X.abs(), targets=torch.ones(64, 1), loss=bernoulli),
        network_of(lambda: nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())),
        trials=[a_trial(learning_rate=0.5, optimizer="adam")],
        steps=50,
    )
    failure = failure_of(record)
    assert record.failure_step[0] > 2
    assert failure.origin == "loss"
    assert failure.detail.startswith("log at 0 for ")
    assert failure.output == 1.0


def test_what_a_loss_masks_is_not_to_blame() -> None:
    # log is infinite for examples whose loss is masked; the loss is NaN for another reason.
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        masked = torch.where(targets == 0, 0.0, targets.square().log()).sum(1)
        return masked + outputs.sum(1) / torch.where(targets > 1, 0.0, 1.0).sum(1)

    failure = failure_of(train(exact_examples(loss), trials=[a_trial(batch_size=64)]))
    assert failure.detail.startswith("a division by 0 for ")


def test_a_mean_that_overflows_though_each_loss_is_finite() -> None:
    failure = failure_of(train(a_task(loss=lambda o, t: squared(o, t) * 0 + 3e38 + 0 * o.sum(1))))
    assert (failure.origin, failure.detail) == ("loss", "its mean over the batch overflows")


@pytest.mark.parametrize(("field", "origin"), [("inputs", "inputs"), ("targets", "targets")])
def test_data_that_is_not_finite(field: str, origin: str) -> None:
    task = a_task()
    broken = getattr(task, field).clone()
    broken[[7, 9, 11, 50], 0] = torch.nan
    failure = failure_of(train(a_task(**{field: broken}), trials=[a_trial(batch_size=64)]))
    assert failure.origin == origin
    assert failure.detail == "4 of 64 examples (rows 7, 9, 11, ...)"


def test_a_loss_of_the_whole_batch_is_told_from_the_network() -> None:
    """It runs inside of the network, whose own code was said to be to blame."""
    task = batch_task("logs", (X, X), loss=lambda o, t: (o * 0 - 0.0).sum(1).log(), loss_chance=1)
    failure = failure_of(train(task, network_of(lambda: nn.Sequential(nn.Linear(3, 1)))))
    assert (failure.origin, failure.output) == ("loss", None)
    assert failure.detail.startswith("log at 0 for all 32 examples")

    class Logarithm(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return (inputs * 0).log()

    network = network_of(lambda: nn.Sequential(nn.Linear(3, 1), Logarithm()))
    task = batch_task("sums", (X, X), loss=lambda o, t: o.square().sum(1), loss_chance=1)
    assert failure_of(train(task, network)).origin == "network"


@pytest.mark.parametrize(
    ("loss", "detail"),
    [
        (lambda o, t: torch.atanh(o * 0 + 1).sum(1), "atanh at 1 or beyond"),
        (
            lambda o, t: functional.poisson_nll_loss(
                -o.square() - 1, t.abs(), log_input=False, reduction="none"
            ).sum(1),
            "poisson_nll_loss of a rate below 0",
        ),
    ],
)
def test_what_a_loss_is_not_defined_for_is_named_with_its_cure(loss: Any, detail: str) -> None:
    failure = failure_of(train(a_task(loss=loss)))
    assert failure.origin == "loss"
    assert failure.detail.startswith(detail)
    assert "; " in failure.detail
