"""Loops in other styles than the tutorials': what was told wrongly of each, or stopped it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import study
from tests.study.watching.loops import data, mlp, sgd, train


def _batches(steps: int) -> list[tuple[Tensor, Tensor]]:
    inputs, labels = data()
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(len(inputs), (64,), generator=generator) for _ in range(steps)]
    return [(inputs[each], labels[each]) for each in rows]


def test_updates_within_the_backward_pass_are_those_of_a_plain_loop() -> None:
    # Layers whose gradients were cleared before the last of the optimizers stepped were said to
    # be detached from the loss, and the gradient's norm was that of the first layer alone.
    network = mlp()
    _, plain = train(network, sgd(network), steps=40)
    network = mlp()
    optimizers = {each: torch.optim.SGD([each], 0.1) for each in network.parameters()}

    def update(parameter: Tensor) -> None:
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in network.parameters():
        parameter.register_post_accumulate_grad_hook(update)
    watch = study.watch(network, list(optimizers.values()))
    for inputs, labels in _batches(40):
        loss = functional.cross_entropy(network(inputs), labels)
        loss.backward()
        watch.step(loss)
    assert plain is not None
    seen, wanted = watch.result(), plain.result()
    assert "what does not train" not in str(seen)
    for column in ("loss", "grad_norm", "update_ratio"):
        assert seen.steps[column].tolist() == pytest.approx(wanted.steps[column].tolist())
    gradients = [each.layers["weight_grad_rms"].tolist() for each in (seen, wanted)]
    assert gradients[0] == pytest.approx(gradients[1])


def test_what_accelerate_prepared_is_watched_as_it_is() -> None:
    # Its optimizer has no hooks of its own: watching one raised AttributeError.
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
    network = mlp()
    network, optimizer = accelerator.prepare(network, sgd(network))
    watch = study.watch(network, optimizer)
    losses = []
    for inputs, labels in _batches(12):
        with accelerator.accumulate(network):
            loss = functional.cross_entropy(network(inputs), labels)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss.detach()))
        watch.step(loss)
    result = watch.result()
    means = [sum(losses[start : start + 2]) / 2 for start in range(0, 12, 2)]
    assert result.steps["loss"].tolist() == pytest.approx([means[i] for i in (0, 1, 2, 3, 5)])
    assert (result.steps["update_ratio"] > 0).all()


def test_a_surrogate_loss_about_zero_is_no_measure_of_success() -> None:
    # REINFORCE, whose policy learned, was said to oscillate, and its steps to be too large.
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    watch = study.watch(network, optimizer)
    for _ in range(60):
        states = torch.randn(15, 4)
        policy = torch.distributions.Categorical(logits=network(states))
        actions = policy.sample()
        rewards = ((actions == 0) == (states[:, 0] > 0)).float()
        returns = rewards.flip(0).cumsum(0).flip(0)
        advantages = (returns - returns.mean()) / (returns.std() + 1e-6)
        loss = -(policy.log_prob(actions) * advantages).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)
    result = watch.result()
    assert result.verdict == "stable", str(result)
    assert "changes its sign again and again" in str(result)


@pytest.mark.parametrize(
    ("losses", "surrogate"),
    [
        (lambda step: (-1) ** step * 0.3 + 0.1, True),
        (lambda step: 3 * 0.8**step + 0.01 * (-1) ** step, False),  # It came from above.
        (lambda step: 1.0 - 0.05 * step, False),  # A likelihood that passes zero once.
        (lambda step: 2.0 + (-1) ** step, False),
    ],
)
def test_which_losses_are_about_zero(losses: Callable[[int], float], surrogate: bool) -> None:
    from study.watching.reporting.goal import is_surrogate

    assert is_surrogate([losses(step) for step in range(60)]) == surrogate
