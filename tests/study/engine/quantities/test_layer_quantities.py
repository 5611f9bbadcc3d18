"""Per-layer quantities against plain autograd written a second time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NETWORKS, Task, quantities, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.reference import initial_network


def by_hand(trial: Trial, task: Task) -> dict[str, np.ndarray]:
    """Step 0 of a trial: deltas through retain_grad, activations through a list."""
    network = initial_network(trial, task, torch.float64)
    batch = BatchOrder(
        [trial.seed], examples=task.examples, batch_size=32, device=torch.device("cpu")
    ).batch(0)[0]
    values = task.inputs[batch].double()
    preactivations, activations, weights = [], [], []
    for module in network.children():
        values = module(values)
        if isinstance(module, nn.Linear):
            values.retain_grad()
            preactivations.append(values)
            weights.append(module.weight)
        elif preactivations:
            activations.append(values.detach())
    nn.functional.cross_entropy(values, task.targets[batch]).backward()
    root = lambda x: x.square().mean().sqrt().item()  # noqa: E731
    return {
        "delta_rms": np.array([root(h.grad) for h in preactivations]),
        "preactivation_rms": np.array([root(h.detach()) for h in preactivations]),
        "weight_rms": np.array([root(w.detach()) for w in weights]),
        "weight_count": np.array([w.numel() for w in weights]),
        "weight_grad_rms": np.array([root(w.grad) for w in weights]),
        "activation_mean": np.array([a.mean().item() for a in activations]),
        "activation_std": np.array([a.std(correction=0).item() for a in activations]),
        "zero_fraction": np.array([(a == 0).double().mean().item() for a in activations]),
        "dead_fraction": np.array(
            [(a == 0).all(dim=0).double().mean().item() for a in activations]
        ),
    }


@pytest.mark.parametrize("way", ["fused", "chain", "vectorized", "in_parts", "looped"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "hardtanh", "selu"])
def test_layers_match_plain_autograd(digits: Task, activation: str, way: str) -> None:
    trials = [make_trial(n, activation=activation) for n in range(6)]
    record = train_cohort(trials, task=digits, network=NETWORKS["mlp"], steps=1, execution=way)
    for index, trial in enumerate(trials):
        for name, expected in by_hand(trial, digits).items():
            got = record.by_layer[name][index, 0]
            np.testing.assert_allclose(got[: len(expected)], expected, rtol=1e-9, err_msg=name)
            assert np.isnan(got[len(expected) :]).all()


def test_update_ratio_is_learning_rate_times_gradient_for_plain_sgd(digits: Task) -> None:
    trial = make_trial(
        0, clip_norm="none", momentum=0.0, weight_decay=0.0, initialization="orthogonal"
    )
    record = train_cohort([trial], task=digits, network=NETWORKS["mlp"], steps=1)
    layers = record.by_layer
    rate = float(trial.hyperparameters["learning_rate"])
    np.testing.assert_allclose(
        layers["update_ratio"], rate * layers["weight_grad_rms"] / layers["weight_rms"], rtol=1e-8
    )


@pytest.mark.parametrize("way", ["vectorized", "in_parts", "looped"])
def test_sizes_of_convolutions(digits: Task, way: str) -> None:
    trial = make_trial(0, activation="relu", depth=2, width=4, initialization="he_normal")
    record = train_cohort([trial], task=digits, network=NETWORKS["cnn"], steps=1, execution=way)
    network = initial_network(trial, digits, torch.float64, "cnn")
    sizes: list[float] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(
                lambda module, inputs, h: sizes.append(h.square().mean().sqrt().item())
            )
    order = BatchOrder(
        [trial.seed], examples=digits.examples, batch_size=32, device=torch.device("cpu")
    )
    network(digits.inputs[order.batch(0)[0]].double())
    np.testing.assert_allclose(record.by_layer["preactivation_rms"][0, 0], sizes, rtol=1e-9)
    counts = [value.numel() for value in network.parameters() if value.ndim > 1]
    np.testing.assert_array_equal(record.by_layer["weight_count"][0, 0], counts)


def test_preactivations_whose_squares_underflow_have_a_size(digits: Task) -> None:
    """Small weights shrink them by 25 a layer; below 1e-23 float32 squares are zero."""
    single, exact = (
        train_cohort(
            [make_trial(0, dtype=dtype, depth=24, initialization="small_normal")],
            task=digits,
            network=NETWORKS["mlp"],
            steps=1,
        ).by_layer["preactivation_rms"][0, 0, :-1]
        for dtype in ("float32", "float64")
    )
    assert 0 < exact.min() < 1e-25
    np.testing.assert_allclose(single, exact, rtol=1e-3)


def test_weight_times_its_gradient_is_equal_in_every_layer_of_a_bias_free_relu_net(
    digits: Task,
) -> None:
    """<W_l, dL/dW_l> is the same for all l: why the weight gradient cannot show vanishing."""
    trial = make_trial(3, activation="relu", depth=6, initialization="xavier_normal")
    network = initial_network(trial, digits, torch.float64)
    loss = nn.functional.cross_entropy(network(digits.inputs[:64]), digits.targets[:64])
    loss.backward()
    products = [
        (module.weight * module.weight.grad).sum().item()
        for module in network.children()
        if isinstance(module, nn.Linear)
    ]
    np.testing.assert_allclose(products, products[0], rtol=1e-9)


def test_a_quantity_of_weights_is_one_line_in_a_table(
    digits: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def largest(values: torch.Tensor) -> torch.Tensor:
        return values.flatten(1).abs().amax(dim=1)

    monkeypatch.setattr(quantities, "ON_WEIGHT", {"weight_largest": largest})
    monkeypatch.setattr(quantities, "ON_WEIGHT_GRADIENT", {"gradient_largest": largest})
    trials = [make_trial(n) for n in range(3)]
    record = train_cohort(trials, task=digits, network=NETWORKS["mlp"], steps=1)
    start = initial_network(trials[1], digits, torch.float64)
    expected = [w.abs().max().item() for name, w in start.named_parameters() if "weight" in name]
    got = record.by_layer["weight_largest"][1, 0]
    np.testing.assert_allclose(got[: len(expected)], expected, rtol=1e-6)
    assert (record.by_layer["gradient_largest"][1, 0] > 0).all()
