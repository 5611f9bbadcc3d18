"""What a watch sees of loops of every kind: parts, scalers, cells, several losses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import study
from tests.study.watching.loops import data, mlp, sgd, train


def test_chance_is_known_from_outputs_and_their_gradient_alone() -> None:
    _, watch = train(mlp(), sgd(mlp(), 0.0), steps=10)
    assert watch is not None
    _, labels = data()
    shares = torch.bincount(labels).double() / len(labels)
    row = watch.result().trials.iloc[0]
    assert row["majority_share"] == pytest.approx(float(shares.max()), abs=0.05)
    # Of a network whose first loss is above chance, chance counts.
    assert row["loss_chance"] == pytest.approx(float(torch.special.entr(shares).sum()), abs=0.05)


def test_what_rounding_leaves_of_outputs_that_ran_away_is_no_target() -> None:
    """Outputs of 1e13 less their error were taken for targets of 1e6, and blamed."""
    torch.manual_seed(0)
    inputs, targets = torch.randn(256, 8), torch.randn(256, 4)
    network = nn.Linear(8, 4)
    optimizer = torch.optim.SGD(network.parameters(), lr=30.0)
    watch = study.watch(network, optimizer)
    for _ in range(9):
        loss = nn.functional.mse_loss(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)
    result = watch.result()
    assert result.steps["loss"].iloc[-1] > 1e16
    assert result.trials["target_rms"][0] == pytest.approx(
        float(targets.square().mean().sqrt()), rel=0.1
    )
    assert result.cause != "target_scale"


def test_a_frozen_layer_is_named_and_its_weight_is_constant_to_the_bit() -> None:
    network = mlp()
    network[2].requires_grad_(False)
    _, watch = train(network, torch.optim.Adam(network.parameters(), 1e-2), steps=50)
    assert watch is not None
    result = watch.result()
    rows = result.layers[result.layers["name"] == "2"]
    assert rows["weight_rms"].nunique() == 1
    assert (rows["update_ratio"] == 0).all()
    assert any("2 (requires_grad is False)" in notice for notice in result.notices)
    assert result.verdict == "stable"


def test_clipping_is_seen_by_what_is_left_of_the_gradient() -> None:
    network = mlp()
    optimizer = sgd(network)
    inputs, labels = data()
    watch = study.watch(network, optimizer)
    norms = []
    for _ in range(4):
        loss = nn.functional.cross_entropy(network(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(network.parameters(), 0.05)))
        optimizer.step()
        watch.step(loss)
    steps = watch.result().steps
    assert steps["grad_norm"].tolist() == pytest.approx(norms, rel=1e-4)
    assert steps["clip_factor"].tolist() == pytest.approx([0.05 / n for n in norms], rel=1e-3)


def test_accumulated_parts_are_one_step_of_the_whole_batch() -> None:
    inputs, labels = data()
    found = []
    for parts in (1, 4):
        network = mlp()
        optimizer = sgd(network)
        watch = study.watch(network, optimizer)
        for _ in range(3):
            optimizer.zero_grad()
            for some, wanted in zip(inputs.chunk(parts), labels.chunk(parts), strict=True):
                loss = nn.functional.cross_entropy(network(some), wanted)
                (loss / parts).backward()
                last = some.data_ptr() == inputs.chunk(parts)[-1].data_ptr()
                if last:
                    optimizer.step()
                watch.step(loss)
        found.append(watch.result())
    whole, accumulated = found
    assert accumulated.trials["steps_run"].tolist() == [3]
    for column in ("loss", "grad_norm", "update_ratio"):
        assert accumulated.steps[column].tolist() == pytest.approx(
            whole.steps[column].tolist(), rel=1e-4
        )


def test_a_scaler_is_taken_out_and_steps_that_it_leaves_out_are_counted() -> None:
    inputs, labels = data()
    network = mlp()
    optimizer = sgd(network)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    watch = study.watch(network, optimizer, scaler=scaler)
    for step in range(6):
        loss = nn.functional.cross_entropy(network(inputs), labels)
        optimizer.zero_grad()
        scaler.scale(loss * (math.inf if step == 2 else 1)).backward()
        scaler.step(optimizer)
        scaler.update()
        watch.step(loss)
    scaled = watch.result()
    assert any("left out 1 steps" in notice for notice in scaled.notices)
    assert (scaled.steps["clip_factor"] == 1).all()
    again = study.watch(network := mlp(), optimizer := sgd(network))
    loss = nn.functional.cross_entropy(network(inputs), labels)
    loss.backward()
    optimizer.step()
    again.step(loss)
    first = scaled.layers[scaled.layers["step"] == 0]["delta_rms"].tolist()
    assert first == pytest.approx(again.result().layers["delta_rms"].tolist(), rel=1e-4)


def test_a_recurrent_cell_passes_time_steps_and_a_shared_layer_does_not() -> None:
    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = nn.GRUCell(3, 8), nn.Linear(8, 2)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            state = inputs.new_zeros(len(inputs), 8)
            for given in inputs.unbind(1):
                state = self.cell(given, state)
            return self.head(state)

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.head = nn.Linear(3, 3), nn.Linear(3, 2)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            for _ in range(6):
                inputs = self.layer(inputs).tanh()
            return self.head(inputs)

    calls = []
    for network, shape in ((Cell(), (16, 5, 3)), (Shared(), (16, 3))):
        optimizer = sgd(network)
        watch = study.watch(network, optimizer)
        loss = nn.functional.cross_entropy(network(torch.randn(shape)), torch.arange(16) % 2)
        loss.backward()
        optimizer.step()
        watch.step(loss)
        calls.append(watch.result().layers["calls"].tolist())
    assert calls == [[5, 1], [1, 1]]


def test_a_game_of_two_networks_has_a_row_a_loss() -> None:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    optimizers = {
        "generator": torch.optim.Adam(generator.parameters(), 1e-3),
        "critic": torch.optim.Adam(critic.parameters(), 1e-3),
    }
    watch = study.watch({"generator": generator, "critic": critic}, optimizers)
    judge = nn.functional.binary_cross_entropy_with_logits
    for _ in range(60):
        real, fake = torch.randn(64, 2) + 2, generator(torch.randn(64, 4))
        optimizers["critic"].zero_grad()
        of_critic = judge(critic(real), torch.ones(64, 1))
        of_critic = of_critic + judge(critic(fake.detach()), torch.zeros(64, 1))
        of_critic.backward()
        optimizers["critic"].step()
        optimizers["generator"].zero_grad()
        of_generator = judge(critic(fake), torch.ones(64, 1))
        of_generator.backward()
        optimizers["generator"].step()
        watch.step({"generator": of_generator, "critic": of_critic})
    result = watch.result()
    assert result.verdict == "stable", str(result)
    assert result.trials["trial"].tolist() == [0, 1]
    # The generator's layers get their gradient in the critic's judgement of its step.
    of_generator = result.layers[result.layers["trial"] == 0]
    assert of_generator["name"].tolist()[:2] == ["0", "2"]
    assert of_generator["delta_rms"].notna().all()
