"""Loops in other styles than the tutorials': what was told wrongly of each, or stopped it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

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


def test_a_loss_that_tells_of_no_success_is_none_that_explodes() -> None:
    # A critic whose weights are clipped to a box loses, at first, what it won by larger ones.
    results = []
    for target in (None, math.nan):
        torch.manual_seed(0)
        critic = nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(), nn.Linear(32, 1))
        optimizer = torch.optim.RMSprop(critic.parameters(), 1e-3)
        watch = study.watch(critic, optimizer, target_loss=target)
        for _ in range(200):
            loss = critic(torch.randn(64, 4)).mean() - critic(torch.randn(64, 4) + 0.5).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for parameter in critic.parameters():
                parameter.data.clamp_(-0.05, 0.05)
            watch.step(loss)
        results.append(watch.result())
    assert results[0].verdict == "exploding"  # What it is for.
    assert results[1].verdict == "stable", str(results[1])
    assert not results[1].notices


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


class _Checkpointed(nn.Module):
    def __init__(self, depth: int, *, reentrant: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(20, 32)
        blocks = [nn.Sequential(nn.Linear(32, 32), nn.Sigmoid()) for _ in range(depth)]
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(32, 4)
        self.reentrant = reentrant

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs)
        for block in self.blocks:
            hidden = checkpoint(block, hidden, use_reentrant=self.reentrant)
        return self.head(hidden)


def _trained(network: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 60) -> study.Watch:
    watch = study.watch(network, optimizer)
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(64, 20, generator=generator)
    labels = inputs[:, :4].argmax(dim=1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(inputs), labels)
        loss.backward()
        optimizer.step()
        watch.step(loss)
    return watch


def test_checkpointed_layers_have_the_order_of_the_forward_pass() -> None:
    # Reentrant checkpointing calls blocks without a graph, then last block first: the layers'
    # order was reversed, and sigmoids whose gradients shrink were `unknown`.
    results = {}
    for reentrant in (True, False):
        network = _Checkpointed(8, reentrant=reentrant)
        watch = _trained(network, torch.optim.SGD(network.parameters(), 0.1))
        results[reentrant] = watch.result()
    names = ["first", *(f"blocks.{block}.0" for block in range(8)), "head"]
    columns = ["delta_rms", "weight_grad_rms", "activation_mean", "update_ratio"]
    for result in results.values():
        layers = result.layers[result.layers["step"] == 0]
        assert layers["name"].tolist() == names
        assert (result.verdict, result.cause) == ("vanishing", "shrinking_through_depth")
    one, other = (results[each].layers[columns].fillna(-1.0) for each in (True, False))
    torch.testing.assert_close(torch.tensor(one.to_numpy()), torch.tensor(other.to_numpy()))


def test_a_step_with_a_closure_shows_its_first_backward_pass() -> None:
    # LBFGS tries parameters out within its step; a rate that is too large was told as gradients
    # that grow with depth, because what was recorded as initialization was behind three updates.
    inputs, labels = data()
    network = mlp()
    loss = functional.cross_entropy(network(inputs), labels)
    loss.backward()
    weight = network[0].weight
    assert isinstance(weight, Tensor) and weight.grad is not None
    wanted = weight.grad.square().mean().sqrt().item()
    optimizer = torch.optim.LBFGS(network.parameters(), lr=300.0, max_iter=4)
    watch = study.watch(network, optimizer)

    def closure() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(inputs), labels)
        loss.backward()
        return loss  # type: ignore[return-value]

    for _ in range(20):
        watch.step(optimizer.step(closure))
    result = watch.result()
    layers = result.layers.set_index(["step", "layer"])
    assert layers.loc[(0, 1), "weight_grad_rms"] == pytest.approx(wanted, rel=1e-5)
    assert result.cause == "large_steps", str(result)


def test_complex_weights_are_measured(caplog: pytest.LogCaptureFixture) -> None:
    # Their norm was an error, from which on the watch saw the loss alone.
    class Waves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lift = nn.Linear(20, 16, dtype=torch.cfloat)
            self.factors = nn.Parameter(torch.randn(16, 16, dtype=torch.cfloat) / 4)
            self.head = nn.Linear(16, 4)

        def forward(self, inputs: Tensor) -> Tensor:
            return self.head((self.lift(inputs.cfloat()) @ self.factors).abs())

    torch.manual_seed(0)
    network = Waves()
    size = network.lift.weight.detach().abs().square().mean().sqrt().item()
    result = _trained(network, torch.optim.Adam(network.parameters(), 1e-2)).result()
    assert result.verdict == "stable"
    assert not caplog.records
    first = result.layers[(result.layers["step"] == 0) & (result.layers["name"] == "lift")]
    assert first["weight_rms"].item() == pytest.approx(size, rel=1e-6)
    assert first["weight_grad_rms"].item() > 0


def test_parameters_that_do_not_exist_yet_are_refused_in_one_line() -> None:
    # It was an error of torch's about a hook.
    network = nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(4))
    optimizer = torch.optim.Adam(network.parameters())
    with pytest.raises(ValueError, match=r"0\.weight is made by the first call of a lazy module"):
        study.watch(network, optimizer)
    network(torch.zeros(2, 20))
    assert _trained(network, optimizer).result().layers["name"].unique().tolist() == ["0", "2"]


def test_a_loop_without_a_metric_is_not_said_to_have_another_goal() -> None:
    # The loss fell, units saturated, and `the metric got nowhere`: there was none.
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Linear(4, 32), nn.Tanh())
    actor, critic = nn.Linear(32, 2), nn.Linear(32, 1)
    network = nn.ModuleDict({"trunk": trunk, "actor": actor, "critic": critic})
    optimizer = torch.optim.Adam(network.parameters(), 3.0)
    watch = study.watch(network, optimizer, target_loss=math.nan)
    for _ in range(300):
        hidden = trunk(states := torch.randn(64, 4))
        policy = torch.distributions.Categorical(logits=actor(hidden))
        actions = policy.sample()
        errors = 10.0 * ((actions == 0) == (states[:, 0] > 0)) - critic(hidden)[:, 0]
        surrogate = (policy.log_prob(actions) * errors.detach()).mean()
        loss = 0.5 * errors.square().mean() - 0.1 * surrogate
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)
    result = watch.result()
    assert (result.verdict, result.cause) != ("stable", "none"), str(result)
    assert result.cause != "other_goal", str(result)
