"""Networks of a person's own that are not trained as they come, and those that cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import study
from study.engine.networks.building import build_network, check_output
from study.engine.networks.error import NetworkError


def _task() -> study.Task:
    tokens = torch.randint(9, (32, 5), generator=torch.Generator().manual_seed(0))
    return study.classification("tokens", tokens, tokens[:, 0] % 3, classes=3, target=0.6)


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    embedding = nn.Embedding(9, 8, sparse=True)
    return nn.Sequential(embedding, nn.Flatten(), nn.Linear(40, 16), nn.ReLU(), nn.Linear(16, 3))


def _inner(network: nn.Sequential) -> nn.Module:
    network[2] = torch.compile(network[2], backend="eager")
    return network


def _in_place(network: nn.Sequential) -> nn.Module:
    network.compile(backend="eager")
    return network


@pytest.mark.parametrize(
    "compiled",
    [lambda network: torch.compile(network, backend="eager"), _inner, _in_place],
    ids=["whole", "part", "in place"],
)
def test_a_compiled_network_is_trained_as_it_was_written(
    compiled: Callable[[nn.Sequential], nn.Module],
) -> None:
    # It ended in an AssertionError of dynamo, under torch.func.
    module = build_network(lambda *_: compiled(_network()), {}, _task())
    plain = _network()
    assert list(module.state_dict()) == list(plain.state_dict())
    inputs = _task().inputs
    stacked = {name: value.detach()[None] for name, value in module.named_parameters()}
    outputs = torch.func.vmap(lambda own: torch.func.functional_call(module, own, (inputs,)))
    torch.testing.assert_close(outputs(stacked)[0], plain(inputs))


def test_gradients_of_embeddings_are_dense_and_the_same() -> None:
    # They ended in a NotImplementedError about a backend.
    module, plain = build_network(lambda *_: _network(), {}, _task()), _network()
    for each in (module, plain):
        each(_task().inputs).square().sum().backward()
    gradients: list[Tensor] = [each[0].weight.grad for each in (module, plain)]  # type: ignore[index,misc]
    assert not gradients[0].is_sparse and gradients[1].is_sparse
    assert gradients[0].equal(gradients[1].to_dense())
    check_output(module, _task(), batch=4)


def _old_norm() -> nn.Module:
    network = _network()
    nn.utils.spectral_norm(network[2])
    return network


def _complex() -> nn.Module:
    network = _network()
    network.register_parameter("factors", nn.Parameter(torch.ones(2, dtype=torch.cfloat)))
    return network


@pytest.mark.parametrize(
    ("factory", "rule"),
    [
        (_old_norm, "2 has torch.nn.utils.spectral_norm; use torch.nn.utils.parametrizations"),
        (_complex, "parameters must be real, but factors is torch.complex64"),
    ],
)
def test_what_cannot_be_trained_is_refused(factory: Callable[[], nn.Module], rule: str) -> None:
    with pytest.raises(NetworkError, match=rule):
        build_network(lambda *_: factory(), {}, _task())
