"""The multilayer perceptron: its normalizations and connections."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, NetworkError, Task, train_cohort
from study.engine.execution.chain import links_of
from study.engine.networks.mlp import CONNECTIONS
from study.engine.networks.normalizations import NORMALIZATIONS, group_count, normalization
from tests.study.engine.networks.cohorts import check_cohort, image_task, layer_names, trials_of

TASK = image_task(channels=1, side=4)


def build(task: Task = TASK, **hyperparameters: object) -> nn.Module:
    values = {"depth": 3, "width": 8, "activation": "tanh", **hyperparameters}
    torch.manual_seed(0)
    return NETWORKS["mlp"](values, task).double()


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("connections", CONNECTIONS)
def test_a_cohort_equals_its_trials_alone(connections: str, normalization: str) -> None:
    trials = trials_of(connections=connections, normalization=normalization)
    record = check_cohort("mlp", TASK, trials)
    assert [layer.role for layer in record.layers] == ["hidden"] * 3 + ["output"]
    assert [layer.activation_name for layer in record.layers] == ["tanh"] * 3 + [None]


def test_the_plain_network_is_a_chain_of_the_names_it_always_had() -> None:
    module = build()
    assert type(module) is nn.Sequential and links_of(module) is not None
    assert [name for name, _ in module.named_children()] == [
        *("flatten", "hidden_1", "activation_1", "hidden_2", "activation_2"),
        *("hidden_3", "activation_3", "output"),
    ]


def test_normalization_stands_between_layer_and_activation() -> None:
    module = build(normalization="layer", depth=1)
    assert [name for name, _ in module.named_children()] == [
        *("flatten", "hidden_1", "normalization_1", "activation_1", "output"),
    ]


def test_residual_connections_add_to_what_a_layer_sees() -> None:
    module = build(connections="residual", residual_scale=0.25)
    x = TASK.inputs[:5].flatten(1)
    values = dict(module.named_parameters())

    def f(number: int, h: Tensor) -> Tensor:
        name = f"hidden.{number}.linear"
        return torch.tanh(h @ values[f"{name}.weight"].T + values[f"{name}.bias"])

    h = f(1, x)
    for number in (2, 3):
        h = h + 0.25 * f(number, h)
    expected = h @ values["output.weight"].T + values["output.bias"]
    torch.testing.assert_close(module(TASK.inputs[:5]), expected)


def test_dense_connections_show_a_layer_all_before_it() -> None:
    module = build(connections="dense")
    seen = [TASK.inputs[:5].flatten(1)]
    values = dict(module.named_parameters())
    for number in (1, 2, 3):
        name = f"hidden.{number}.linear"
        weight, bias = values[f"{name}.weight"], values[f"{name}.bias"]
        seen.append(torch.tanh(torch.cat(seen, dim=1) @ weight.T + bias))
    expected = torch.cat(seen, dim=1) @ values["output.weight"].T + values["output.bias"]
    torch.testing.assert_close(module(TASK.inputs[:5]), expected)


@pytest.mark.parametrize("normalization", ["batch", "layer", "group"])
def test_units_are_normalized_over_their_axes(normalization: str) -> None:
    module = build(normalization=normalization, depth=1, width=16)
    seen: list[Tensor] = []
    module.get_submodule("normalization_1").register_forward_hook(
        lambda module, inputs, output: seen.append(output)
    )
    module(TASK.inputs[:20])
    (h,) = seen
    if normalization == "group":
        h = h.unflatten(1, (4, 4))
    axis = 0 if normalization == "batch" else -1
    torch.testing.assert_close(h.mean(axis), torch.zeros_like(h.mean(axis)))
    spread = h.var(axis, correction=0)
    torch.testing.assert_close(spread, torch.ones_like(spread), atol=1e-2, rtol=0)


def test_a_root_mean_square_is_divided_by_and_nothing_subtracted() -> None:
    torch.manual_seed(0)
    vectors, images = 3 * torch.randn(4, 16) + 1, 3 * torch.randn(4, 16, 5, 5) + 1
    for values, seen in ((vectors, False), (images, True)):
        (module,) = normalization("rms", 16, images=seen).values()
        size = torch.stack([example.square().mean().sqrt() for example in values])
        expected = values / size.view(-1, *(1,) * (values.ndim - 1))
        torch.testing.assert_close(module(values), expected)


def test_deep_residual_networks_keep_their_gradients() -> None:
    """Deltas of 30 layers: plain ones with small weights vanish, residual ones do not."""
    ratios = {}
    for connections in ("none", "residual", "dense"):
        trials = trials_of(
            depth=30,
            connections=connections,
            initialization="xavier_normal",
            init_gain=0.5,
            activation="tanh",
            clip_norm="none",
        )[:1]
        record = train_cohort(trials, task=TASK, network=NETWORKS["mlp"], steps=1)
        delta = record.by_layer["delta_rms"][0, 0]
        ratios[connections] = delta[0] / delta[-2]
    assert ratios["none"] < 1e-6
    assert 0.1 < ratios["residual"] < 100
    assert 0.1 < ratios["dense"] < 100


@pytest.mark.parametrize(
    ("units", "groups"), [(1, 1), (4, 1), (8, 2), (12, 3), (13, 1), (16, 4), (64, 8), (100, 5)]
)
def test_groups_divide_the_units(units: int, groups: int) -> None:
    assert group_count(units) == groups


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown normalization 'bach'; known: none, batch"):
        build(normalization="bach")
    with pytest.raises(ValueError, match="unknown connections 'skip'; known: none, residual"):
        build(connections="skip")
    trials = trials_of(normalization="batch", batch_size=1)
    with pytest.raises(NetworkError, match="batch_size >= 2.*got 1"):
        train_cohort(trials, task=TASK, network=NETWORKS["mlp"], steps=1)


def test_layers_and_activations_are_found_in_order() -> None:
    trials = trials_of(connections="dense", normalization="group")[:1]
    record = train_cohort(trials, task=TASK, network=NETWORKS["mlp"], steps=1)
    assert layer_names(record) == [
        *((f"hidden.{n}.linear", f"hidden.{n}.activation") for n in (1, 2, 3)),
        ("output", None),
    ]
    assert np.isfinite(record.by_layer["activation_std"][:, :, :3]).all()


def test_tokens_are_refused_in_a_sentence() -> None:
    tokens = Task(
        name="letters",
        inputs=torch.zeros(8, 5, dtype=torch.long),
        targets=torch.zeros(8, dtype=torch.long),
        outputs=3,
        loss=TASK.loss,
        metric=TASK.metric,
        metric_name="accuracy",
        chance=0.3,
        ceiling=1.0,
        target=0.8,
        loss_chance=1.0,
        vocabulary=26,
    )
    with pytest.raises(ValueError, match="mlp needs inputs of numbers, but task letters has tok"):
        build(tokens)
