"""Keras models and their torch twins, from the same weights: the same training to rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from study.engine import NetworkFactory, Task, find_layers, train_cohort
from study.engine.networks.building import build_network
from tests.study.adapters.keras import models
from tests.study.engine.conftest import make_trial

STEPS = 20


@pytest.mark.parametrize(
    ("network", "twin", "execution"),
    [
        (models.dense, models.dense_in_torch, "vectorized"),
        pytest.param(models.dense, models.dense_in_torch, "looped", marks=pytest.mark.slow),
        (models.channels_first, models.convolutional_in_torch, "vectorized"),
        (models.channels_last, models.convolutional_in_torch, "vectorized"),
        (models.channels_last, models.convolutional_in_torch, "looped"),
    ],
)
def test_training_and_statistics(
    digits: Task, network: NetworkFactory, twin: NetworkFactory, execution: str
) -> None:
    """Drawn in the same order and orientation, initial weights are the same: no copying."""
    names = ("he_normal", "orthogonal", "xavier_uniform", "lecun_normal", "mean_field")
    trials = [
        make_trial(number, initialization=name, dtype="float32", learning_rate=0.03)
        for number, name in enumerate(names)
    ]
    keras = train_cohort(trials, task=digits, network=network, steps=STEPS, execution=execution)
    torch_ = train_cohort(trials, task=digits, network=twin, steps=STEPS)
    assert keras.by_layer.keys() == torch_.by_layer.keys()
    for name in ("loss", "grad_norm", "clip_factor", "update_ratio"):
        np.testing.assert_allclose(
            getattr(keras, name), getattr(torch_, name), rtol=2e-4, err_msg=name
        )
    for name, values in torch_.by_layer.items():
        np.testing.assert_allclose(
            keras.by_layer[name], values, rtol=1e-3, atol=2e-6, err_msg=name
        )
    dead = torch_.by_layer["dead_fraction" if network is models.dense else "zero_fraction"]
    assert 0 < np.nanmax(dead[:, :, 1]) < 1  # There was something to agree on.


@pytest.mark.parametrize("network", [models.dense, models.channels_first, models.channels_last])
def test_layers_are_those_of_the_twin(digits: Task, network: NetworkFactory) -> None:
    twin = models.dense_in_torch if network is models.dense else models.convolutional_in_torch
    ours = find_layers(build_network(network, {}, digits), digits)
    theirs = find_layers(build_network(twin, {}, digits), digits)
    for one, other in zip(ours, theirs, strict=True):
        assert one.activation_name == other.activation_name
        assert (one.role, one.positions, one.calls) == (other.role, other.positions, other.calls)


@pytest.mark.parametrize(
    "network", [models.dense, models.residual, models.subclassed, models.lstm, models.attention]
)
def test_outputs_are_those_of_the_model_itself(digits: Task, network: NetworkFactory) -> None:
    """Keras on its own, with the values that the network says its variables have."""
    module = build_network(network, {}, digits)
    plan = module._plan
    with torch.no_grad():
        for number, slot in enumerate(plan.slots):
            value = module.get_parameter(f"{slot.child}.{slot.leaf}") if slot.trained else None
            if value is not None:
                value.add_(0.01 * number)
                slot.variable.assign(slot.orientation.to_keras(value))
        inputs = digits.inputs[:5].float()
        expected = plan.model(inputs, training=True)
        torch.testing.assert_close(module(inputs), expected)
