"""A task is tried before trials are: what cannot be computed is refused, what is odd noticed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from search_spaces.errors import InputError
from study import Task
from study.preflight.trial_pass import EXAMPLES, try_task

VALUES = {"batch_size": 50, "initialization": "torch_default", "dtype": "float32"}
X = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().mean(1)


def a_task(**changes: Any) -> Task:
    task = Task(
        name="sums",
        inputs=X,
        targets=X.sum(1, keepdim=True),
        outputs=1,
        loss=squared,
        metric=squared,
        metric_name="loss",
        chance=1.0,
        ceiling=0.0,
        target=0.1,
        loss_chance=1.0,
    )
    return dataclasses.replace(task, **changes)


def linear(hyperparameters: Any, task: Task) -> nn.Module:
    return nn.Linear(task.features, task.outputs, bias=False)


def tried(flops_per_step: float = 1.0, network: Any = linear, **changes: Any) -> list[str]:
    return try_task(network, VALUES, a_task(**changes), flops_per_step=flops_per_step)


def test_a_sound_task_has_no_notices_and_random_numbers_stay() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert tried() == []
    assert torch.equal(torch.get_rng_state(), before)


def test_targets_that_broadcast_are_noticed_with_the_cure() -> None:
    # Every output was compared with every target: the best answer is their mean, and the
    # verdict was "stalled" with healthy gradients.
    (notice,) = tried(targets=X.sum(1))
    assert "the loss of an example of task sums depends on the other examples" in notice
    assert "outputs (50, 1) and targets (50,); the two broadcast to (50, 50)" in notice
    assert "targets.unsqueeze(-1)" in notice


def test_outputs_that_cannot_be_what_the_targets_are_are_noticed() -> None:
    def squashed(hyperparameters: Any, task: Task) -> nn.Module:
        return nn.Sequential(nn.Linear(task.features, task.outputs), nn.Tanh())

    (notice,) = tried(network=squashed)
    assert notice.startswith("the network's outputs lie between -1 and 1, by a tanh at its end")


def test_a_metric_that_mixes_examples_is_noticed() -> None:
    (notice,) = tried(metric=lambda outputs, targets: squared(outputs, targets.mean(0)))
    assert notice.startswith("the metric of an example of task sums depends on the other examples")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": nn.functional.mse_loss}, r"\(50,\), but .* has shape \(\).*reduction='none'"),
        (
            {"loss": lambda o, t: (o - t).square(), "targets": X.sum(1)},
            r"has shape \(50, 50\); the two broadcast to \(50, 50\)",
        ),
        ({"loss": lambda o, t: float((o - t).mean())}, r"must be one number an example"),
        ({"metric": lambda o, t: (o > t).squeeze(1)}, r"torch.bool; \.float\(\)"),
        ({"loss": lambda o, t: (o > t).float().mean(1)}, "must be differentiable in the outputs"),
        ({"loss": lambda o, t: squared(o.detach(), t)}, "must be differentiable in the outputs"),
        ({"metric": lambda o, t: o.nothing}, "the metric of task sums cannot be computed"),
    ],
)
def test_a_loss_or_metric_that_is_no_number_an_example_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as refused:
        tried(**changes)
    assert refused.value.key == "task"


def test_a_loss_that_fails_is_one_line_with_the_shapes() -> None:
    # A network that flattens its image, and targets that are none: a traceback out of `diagnose`.
    images = torch.randn(20, 1, 4, 4)
    with pytest.raises(InputError) as refused:
        tried(
            inputs=images,
            targets=images,
            outputs=16,
            network=lambda hyperparameters, task: nn.Sequential(nn.Flatten(), nn.Linear(16, 16)),
        )
    assert "outputs (20, 16) and targets (20, 1, 4, 4): RuntimeError: " in str(refused.value)
    assert "targets.reshape(-1, 16)" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_label_that_the_outputs_lack_is_found_wherever_it_is() -> None:
    labels = torch.zeros(200, dtype=torch.int64)
    labels[101] = 2

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    with pytest.raises(InputError, match="IndexError: Target 2 is out of bounds"):
        tried(loss=loss, targets=labels, outputs=2)


def test_a_loss_with_an_infinite_derivative_is_noticed() -> None:
    # Examples that are fitted exactly: 29 changes were tried against a NaN of the loss itself.
    inputs = X.clone()
    inputs[::4] = 0.0
    (notice,) = tried(
        inputs=inputs,
        targets=inputs.sum(1, keepdim=True),
        loss=lambda o, t: (o - t).square().sum(1).sqrt(),
    )
    exact = int((inputs[torch.linspace(0, 199, 50).long()] == 0).all(dim=1).sum())
    assert (
        "examples from all over the data were tried, before any update: the loss was finite and"
        in notice
    )
    assert f"the derivative of sqrt at 0 for {exact} of 50 examples (rows 0, " in notice


def test_losses_and_outputs_that_are_not_finite_are_noticed() -> None:
    (notice,) = tried(loss=lambda o, t: squared(o, t) / (0.0 * t.squeeze(1)))
    assert (
        "the outputs were finite and the loss was not: a division by 0 for all 50 examples"
        in notice
    )

    def overflowing(hyperparameters: Any, task: Task) -> nn.Module:
        module = nn.Linear(3, 1)
        nn.init.constant_(module.weight, 3e38)
        return module

    (notice,) = tried(network=overflowing, inputs=100 * X)
    assert "the network's outputs were the first values that were not finite" in notice


def test_outputs_that_no_gradient_leaves_are_refused() -> None:
    class Cut(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input).detach()

    with pytest.raises(InputError, match="no gradient passes") as refused:
        tried(network=lambda hyperparameters, task: Cut(3, 1))
    assert refused.value.key == "network"


def test_an_expensive_network_is_tried_on_two_examples() -> None:
    sizes = set()

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        sizes.add(len(outputs))
        return squared(outputs, targets)

    tried(flops_per_step=1e15, loss=loss)
    assert max(sizes) == 2
    tried(loss=loss)
    assert max(sizes) == min(EXAMPLES, VALUES["batch_size"])  # type: ignore[call-overload]
