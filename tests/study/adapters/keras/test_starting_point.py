"""Where the trials of a Keras model start."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from study.engine import NetworkFactory, Task, classification, find_layers
from study.engine.cohort.initial_networks import starting_point
from study.engine.cost import trial_cost
from study.engine.initializations import initialize
from study.engine.networks.building import build_network
from study.engine.weight_roles import WeightRole, weight_roles
from tests.study.adapters.keras import models
from tests.study.engine.conftest import make_trial

keras = models.keras


def parameters(network: NetworkFactory, task: Task, *seeds: int) -> list[Mapping[str, Tensor]]:
    trials = [make_trial(seed, initialization="torch_default", init_gain=1.0) for seed in seeds]
    for trial in trials:
        trial.hyperparameters["dtype"] = "float32"  # type: ignore[index]
    return list(starting_point(trials, task, network).parameters)


ALL = (models.dense, models.residual, models.subclassed, models.lstm, models.attention)


@pytest.mark.parametrize("network", ALL)
def test_the_authors_initialization_is_a_function_of_the_seed(
    digits: Task, network: NetworkFactory
) -> None:
    together = parameters(network, digits, 1, 2, 3)
    alone = parameters(network, digits, 2)[0]
    assert together[0].keys() == alone.keys()
    for name, value in alone.items():
        assert torch.equal(together[1][name], value)
    assert not torch.equal(*(next(iter(one.values())) for one in together[:2]))


def test_the_authors_initialization_is_kept(digits: Task) -> None:
    """Glorot's uniform bound for Dense, zeros for biases; LSTM's forget bias of one."""
    values = build_network(models.dense, {}, digits).state_dict()
    bound = (6 / (16 + 64)) ** 0.5
    assert 0.95 * bound < values["dense.weight"].abs().max() <= bound
    assert not values["dense.bias"].any()
    bias = build_network(models.lstm, {}, digits).state_dict()["lstm.bias"]
    assert bias.tolist() == [0.0] * 7 + [1.0] * 7 + [0.0] * 14


def test_random_states_are_left_as_found(digits: Task) -> None:
    keras.utils.set_random_seed(3)
    keras.random.normal((1,))
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    trials = [make_trial(number, dtype="float32") for number in range(2)]
    for network in (models.dense, models.dropout, models.global_noise):
        starting_point(trials, digits, network)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    following = keras.random.normal((3,))
    keras.utils.set_random_seed(3)
    keras.random.normal((1,))
    assert torch.equal(keras.random.normal((3,)), following)


def test_parameters_are_called_and_laid_out_as_torchs(digits: Task) -> None:
    shapes = {
        name: tuple(value.shape)
        for name, value in build_network(models.residual, {}, digits).named_parameters()
    }
    assert shapes == {
        "stem.weight": (4, 1, 3, 3),
        "stem.bias": (4,),
        "batch_normalization.gamma": (4,),
        "batch_normalization.beta": (4,),
        "separable_conv2d.depthwise_weight": (4, 1, 3, 3),
        "separable_conv2d.pointwise_weight": (4, 4, 1, 1),
        "separable_conv2d.bias": (4,),
        "depthwise_conv2d.weight": (4, 1, 3, 3),
        "depthwise_conv2d.bias": (4,),
        "conv2d_transpose.weight": (3, 4, 2, 2),
        "conv2d_transpose.bias": (3,),
        "readout.weight": (10, 3),
        "readout.bias": (10,),
    }


def test_layers_of_a_model_with_a_call_of_its_own(digits: Task) -> None:
    layers = find_layers(build_network(models.subclassed, {}, digits), digits)
    assert [(layer.name, layer.activation_name, layer.calls) for layer in layers] == [
        ("mine", None, 1),
        ("dense", "gelu", 2),
        ("dense_1", None, 1),
    ]


def test_attention_is_four_layers(digits: Task) -> None:
    module = build_network(models.attention, {}, digits)
    layers = find_layers(module, digits)
    assert [layer.name for layer in layers] == [
        "dense",
        "query",
        "key",
        "value",
        "attention_output",
        "dense_1",
    ]
    shapes = [tuple(module.get_parameter(layer.weight).shape) for layer in layers]
    assert shapes == [(8, 8), (6, 8), (6, 8), (6, 8), (8, 6), (10, 64)]


@pytest.mark.parametrize(
    ("network", "owner", "role"),
    [
        (models.simple_rnn, "simple_rnn_cell", WeightRole()),
        (models.lstm, "lstm", WeightRole(blocks=4, forget_gate=1)),
        (models.gru, "gru", WeightRole(blocks=3)),
    ],
)
def test_gates_are_initialized_one_by_one(
    digits: Task, network: NetworkFactory, owner: str, role: WeightRole
) -> None:
    module = build_network(network, {}, digits)
    roles = weight_roles(module)
    assert roles[f"{owner}.weight"] == role
    assert roles[f"{owner}.recurrent_weight"] == WeightRole(blocks=role.blocks, recurrent=True)
    settings = {"initialization": "he_normal", "recurrent_initialization": "orthogonal"}
    values = initialize(module, settings, torch.Generator().manual_seed(0))
    for block in values[f"{owner}.recurrent_weight"].chunk(role.blocks):
        assert torch.allclose(block @ block.T, torch.eye(7, dtype=torch.float64), atol=1e-10)


def test_tables_are_left_alone() -> None:
    numbers = torch.randint(11, (40, 5), generator=torch.Generator().manual_seed(0))
    task = classification("t", numbers, numbers[:, 0] % 2, classes=2, target=0.9, vocabulary=11)
    module = build_network(models.tokens, {}, task)
    before = module.get_parameter("embedding.weight").clone()
    values = initialize(module, {"initialization": "orthogonal"}, torch.Generator())
    assert torch.equal(values["embedding.weight"], before)
    assert isinstance(module.get_submodule("embedding"), nn.Embedding)
    assert [layer.name for layer in find_layers(module, task)] == ["embedding", "dense"]
    # Looking up multiplies nothing; the readout, 6 to 2, does.
    assert trial_cost(models.tokens, {"batch_size": 4}, task).flops_per_step == 6 * 6 * 2 * 4


def test_a_factory_that_imports_keras_late(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first call has Keras neither seeded nor known; it once gave other weights."""
    import sys

    expected = parameters(models.dense, digits, 4)[0]
    library = sys.modules["keras"]
    monkeypatch.delitem(sys.modules, "keras")

    def late(hyperparameters: Mapping[str, Any], task: Task) -> Any:
        sys.modules["keras"] = library
        return models.dense(hyperparameters, task)

    for name, value in parameters(late, digits, 4)[0].items():
        assert torch.equal(value, expected[name])
