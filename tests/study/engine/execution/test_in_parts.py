"""Small parts of the engine against closed forms."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import Task, classification, find_layers, train_cohort
from study.engine.activations import ACTIVATIONS
from study.engine.cohort.batches import BatchOrder
from study.engine.cost import trial_cost
from study.engine.divergence import retirement
from study.engine.execution.chain import links_of
from study.engine.networks import NETWORKS
from study.engine.observing.recorded_steps import recorded_steps
from tests.study.engine.conftest import make_trial


def test_every_epoch_is_a_permutation_that_the_seed_decides() -> None:
    def epochs(seeds: list[int]) -> torch.Tensor:
        order = BatchOrder(seeds, examples=12, batch_size=4, device=torch.device("cpu"))
        return torch.stack([order.batch(step) for step in range(6)])

    together, alone = epochs([5, 6]), epochs([6])
    assert torch.equal(together[:, 1], alone[:, 0])
    assert together[:3, 0].flatten().sort().values.tolist() == list(range(12))
    assert not torch.equal(together[:3, 0], together[3:, 0])


def test_recorded_steps_are_dense_early() -> None:
    assert recorded_steps(200) == (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 199)
    assert recorded_steps(1) == (0,)
    assert recorded_steps(3) == (0, 1, 2)


def test_retirement_names_the_step_and_the_tensor() -> None:
    fine = np.array([1.0, 2.0, 3.0])
    none = np.array([-1, -1, -1])
    assert retirement(fine, fine, none, ["w"], factor=1e6) is None
    end = retirement(np.array([1.0, 2e6, np.nan]), fine, none, ["w"], factor=1e6)
    assert end is not None and (end.step, end.tensor) == (1, None)
    end = retirement(
        fine, np.array([1.0, np.inf, np.nan]), np.array([-1, 1, 0]), ["w", "b"], factor=1e6
    )
    assert end is not None and (end.step, end.tensor) == (1, "gradient:b")
    end = retirement(np.array([np.nan, 1.0, 1.0]), fine, none, ["w"], factor=1e6)
    assert end is not None and (end.step, end.tensor) == (0, "loss")
    end = retirement(fine, fine, none, ["w"], factor=1.5)
    assert end is not None and (end.step, end.tensor) == (1, None)


def test_cost_counts_parameters_and_products(digits: Task) -> None:
    trial = make_trial(0, depth=2, width=16, batch_size=32)
    cost = trial_cost(NETWORKS["mlp"], trial.hyperparameters, digits)
    weights = 64 * 16 + 16 * 16 + 16 * 10
    assert cost.parameters == weights + 16 + 16 + 10
    assert cost.flops_per_step == 6 * weights * 32


def test_layers_are_found_in_the_order_of_the_forward_pass(digits: Task) -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(8, 10)
            self.first = nn.Linear(64, 8)
            self.act = nn.Tanh()

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.last(self.act(self.first(inputs.flatten(1))))

    layers = find_layers(Backwards(), digits)
    assert [(one.name, one.role, one.activation) for one in layers] == [
        ("first", "hidden", "act"),
        ("last", "output", None),
    ]


def test_chance_is_the_most_frequent_label() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    task = classification("t", torch.zeros(4, 2), labels, classes=2, target=0.9)
    assert task.chance == 0.75
    assert task.loss_chance == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_task_without_matching_targets_is_refused(digits: Task) -> None:
    with pytest.raises(ValueError, match="4 inputs and 3 targets"):
        classification("t", torch.zeros(4, 2), torch.tensor([0, 1, 0]), classes=2, target=0.9)


def test_only_plain_chains_are_run_as_chains() -> None:
    plain = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    links = links_of(plain)
    assert links is not None and [link.name for link in links] == ["1", "3"]
    others = [
        nn.Linear(4, 2),
        nn.Sequential(nn.Linear(4, 3, bias=False), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(4, 3), nn.LeakyReLU(0.3), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(4, 3), nn.ReLU()),
        nn.Sequential(nn.ReLU(), nn.Linear(4, 3)),
        nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Tanh(), nn.Linear(3, 2)),
    ]
    assert all(links_of(module) is None for module in others)


def test_a_network_that_is_one_layer_has_one_layer(digits: Task) -> None:
    flat = dataclasses.replace(digits, inputs=digits.inputs.flatten(1))
    (layer,) = find_layers(nn.Linear(64, 10), flat)
    assert (layer.weight, layer.role) == ("weight", "output")
    record = train_cohort(
        [make_trial(0)], task=flat, network=lambda values, task: nn.Linear(64, 10), steps=2
    )
    assert record.loss.shape == (1, 2) and record.by_layer["delta_rms"][0, 0, 0] > 0


def test_fast_tanh_is_exact_for_the_smallest_and_the_largest() -> None:
    """Signals of 1e-30 deep in a network, saturation, and what is no number."""
    drawn = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    spread = torch.cat([drawn * scale for scale in (1e-38, 1e-30, 1e-6, 1e-2, 1.0, 30.0, 1e30)])
    expected = torch.tanh(spread.double())
    found = ACTIVATIONS["tanh"].function(spread.clone()).double()
    torch.testing.assert_close(found, expected, rtol=3e-7, atol=1e-44)
    special = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0, 3e38, -3e38])
    found = ACTIVATIONS["tanh"].function(special)
    assert found.isnan().tolist() == [True] + [False] * 5
    assert found[1:].tolist() == [1.0, -1.0, 0.0, 1.0, -1.0]
