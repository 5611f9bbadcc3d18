"""Scanned layers equal the definition, whoever watches and however often they are derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from study.engine import NETWORKS, Task, train_cohort
from study.engine.activations import ACTIVATIONS
from study.engine.networks.recurrence import Cell, scan
from tests.study.engine.conftest import make_trial
from tests.study.engine.networks.sequence_cohorts import tokens, vectors

NAMES = ("rnn", "lstm", "gru")
TRIALS = 5


def built(name: str, task: Task, *, activation: str = "tanh") -> nn.Module:
    values = {"depth": 2, "width": 4, "activation": activation}
    return NETWORKS[name](values, task).double()


def stepped(network: nn.Module) -> nn.Module:
    """The same network, run by its definition."""
    for module in network.modules():
        if isinstance(module, Cell):
            module.kernel = None
    return network


def stepped_network(name: str) -> Callable[[Mapping[str, Any], Task], nn.Module]:
    return lambda values, task: stepped(NETWORKS[name](values, task))


def stacked(network: nn.Module) -> dict[str, Tensor]:
    """Parameters of trials that differ."""
    return {
        name: torch.stack([value.detach() * (1 + 0.3 * n) for n in range(TRIALS)])
        .clone()
        .requires_grad_()
        for name, value in network.named_parameters()
    }


def together(network: nn.Module, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
    def call(own: dict[str, Tensor]) -> Tensor:
        outputs: Tensor = functional_call(network, own, (inputs,))
        return outputs

    return vmap(call)(parameters)


def assert_same(got: Any, expected: Any) -> None:
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("time_step", [False, True])
@pytest.mark.parametrize("cached", [1, 700, 10**9], ids=["one", "some", "all"])
def test_groups_of_trials_equal_the_definition(
    name: str, time_step: bool, cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups of one trial, of two or three, and all at once, in torch."""
    monkeypatch.setattr(scan, "CACHED", cached)
    monkeypatch.setattr(scan, "is_compiled", lambda *arguments: False)
    assert_equals_the_definition(name, time_step=time_step)


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("time_step", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_compiled_scans_equal_the_definition(name: str, time_step: bool, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert_equals_the_definition(name, time_step=time_step)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["lstm", "gru"])
@pytest.mark.parametrize("gain", [0.0, 1.0, 1e30])
def test_compiled_scans_are_torchs_to_rounding(
    name: str, gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 exponentials are polynomials; saturated gates are exact.

    Compared with the largest entry: one in which large terms cancel has their rounding, and for
    one draw of weights in four it was more than 2e-5 of itself away.
    """
    task = vectors(time_step=True)
    torch.manual_seed(0)
    network = NETWORKS[name]({"depth": 2, "width": 16}, task).float()
    with torch.no_grad():
        for value in network.parameters():
            value *= gain
    parameters = list(network.parameters())
    results = []
    for compiled in (True, False):
        if not compiled:
            monkeypatch.setattr(scan, "is_compiled", lambda *arguments: False)
        outputs = network(task.inputs.float())
        results.append((outputs, *torch.autograd.grad(outputs.sum(), parameters)))
    for ours, theirs in zip(*results, strict=True):
        assert theirs.isfinite().all()
        largest = max(1.0, theirs.abs().max().item())
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6 * largest)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_compiled_scans_pass_on_what_is_no_number(name: str) -> None:
    task = vectors(time_step=True)
    network = built(name, task)
    inputs = task.inputs.clone()
    inputs[1, 2] = torch.nan
    finite = network(inputs).isfinite().flatten(2).all(dim=2)
    expected = torch.ones_like(finite)
    expected[1, 2:] = False
    assert torch.equal(finite, expected)


def assert_equals_the_definition(name: str, *, time_step: bool) -> None:
    task = vectors(time_step=time_step)
    network = built(name, task)
    parameters = stacked(network)
    got = together(network, parameters, task.inputs)
    got_gradients = torch.autograd.grad(got.square().sum(), list(parameters.values()))
    expected = together(stepped(network), parameters, task.inputs)
    gradients = torch.autograd.grad(expected.square().sum(), list(parameters.values()))
    assert_same((got, *got_gradients), (expected, *gradients))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_scanned(activation: str) -> None:
    task = tokens(time_step=True)
    network = built("rnn", task, activation=activation)
    parameters = list(network.parameters())
    got = network(task.inputs)
    got_gradients = torch.autograd.grad(got.square().sum(), parameters)
    expected = stepped(network)(task.inputs)
    gradients = torch.autograd.grad(expected.square().sum(), parameters)
    assert_same((got, *got_gradients), (expected, *gradients))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("time_step", [False, True])
def test_derivatives_of_second_order(name: str, time_step: bool) -> None:
    """Products with every trial's Hessian, as the sharpness needs them."""
    task = tokens(time_step=time_step)

    def product(network: nn.Module) -> list[Tensor]:
        parameters = stacked(network)
        leaves = list(parameters.values())
        loss = together(network, parameters, task.inputs).square().mean()
        gradients = torch.autograd.grad(loss, leaves, create_graph=True)
        generator = torch.Generator().manual_seed(0)
        along = [torch.randn(leaf.shape, generator=generator).double() for leaf in leaves]
        return [*gradients, *torch.autograd.grad(gradients, leaves, along)]

    network = built(name, task)
    assert_same(product(network), product(stepped(network)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_watching_changes_not_a_bit(name: str, execution: str) -> None:
    trials = [make_trial(n, depth=2, width=4, batch_size=5) for n in range(3)]
    watched, unwatched = (
        train_cohort(
            trials,
            task=vectors(),
            network=NETWORKS[name],
            steps=6,
            execution=execution,
            statistics=statistics,
        )
        for statistics in ("standard", "minimal")
    )
    np.testing.assert_array_equal(watched.loss, unwatched.loss)
    np.testing.assert_array_equal(watched.grad_norm, unwatched.grad_norm)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_watchers_see_what_stepping_would_show(name: str, execution: str) -> None:
    trials = [make_trial(n, depth=2, width=4, batch_size=5, activation="relu") for n in range(3)]
    got, expected = (
        train_cohort(
            trials, task=tokens(time_step=True), network=network, steps=4, execution=execution
        )
        for network in (NETWORKS[name], stepped_network(name))
    )
    assert got.layers == expected.layers
    for quantity, values in expected.by_layer.items():
        np.testing.assert_allclose(
            got.by_layer[quantity], values, rtol=1e-9, atol=1e-12, err_msg=quantity
        )


def test_a_recurrent_map_is_seen_once_a_time_step() -> None:
    task = vectors()
    network = built("gru", task)
    seen: list[Tensor] = []

    def look(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        output.retain_grad()
        seen.append(output)

    network.get_submodule("recurrent_2").register_forward_hook(look)
    network(task.inputs).square().sum().backward()
    assert len(seen) == 5
    # A gradient by a bias is the sum over time of those by what it was added to.
    summed = sum(one.grad.sum(dim=0) for one in seen if one.grad is not None)
    torch.testing.assert_close(network.get_parameter("recurrent_2.bias").grad, summed)


@pytest.mark.parametrize("name", NAMES)
def test_autocast_rounds_the_products_of_a_layer(name: str) -> None:
    task = vectors(time_step=True)
    network = built(name, task).float()
    inputs = task.inputs.float()
    exact = network(inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = network(inputs)
        expected = stepped(network)(inputs)
    assert torch.equal(rounded, expected) and not torch.equal(rounded.float(), exact)
    torch.testing.assert_close(rounded.float(), exact, rtol=0.05, atol=0.02)
