"""Networks that people bring: vectorized where possible, looped where not, the same numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from study.engine import CohortRecord, NetworkFactory, Task, train_cohort
from study.engine.execution import module_traits
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.execution import modules

STEPS = 12

VECTORIZABLE = (modules.normalized, modules.tied)
OTHERS = (
    modules.torch_lstm,
    modules.halting,
    modules.dropped,
    modules.counting,
    modules.random_features,
)


@pytest.fixture(scope="module")
def images(digits: Task) -> Task:
    return dataclasses.replace(digits, inputs=digits.inputs.reshape(-1, 1, 8, 8))


def trials(n: int, **overrides: object) -> list[Trial]:
    return [make_trial(number, **overrides) for number in range(n)]


def train(some: list[Trial], task: Task, network: NetworkFactory, **options: str) -> CohortRecord:
    return train_cohort(some, task=task, network=network, steps=STEPS, **options)  # type: ignore[arg-type]


def assert_same(
    one: CohortRecord, index: int, other: CohortRecord, there: int, *, layers: bool = True
) -> None:
    for name in ("loss", "metric", "grad_norm", "update_ratio"):
        expected = getattr(other, name)[there]
        np.testing.assert_allclose(getattr(one, name)[index], expected, rtol=1e-8)
    for name, values in other.by_layer.items() if layers else ():
        expected = values[there]
        np.testing.assert_allclose(one.by_layer[name][index], expected, rtol=1e-7, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("network", [*VECTORIZABLE, *OTHERS])
@pytest.mark.parametrize("initialization", ["torch_default", "he_normal"])
def test_in_a_cohort_as_alone(images: Task, network: NetworkFactory, initialization: str) -> None:
    some = trials(4, initialization=initialization)
    together = train(some, images, network)
    # Of trials that refine a different number of times, the common calls are measured.
    layers = network is not modules.halting
    for index in (0, 3):
        alone = train([some[index]], images, network)
        assert_same(together, index, alone, 0, layers=layers)
    assert np.isfinite(together.by_layer["delta_rms"]).all()


@pytest.mark.parametrize("network", VECTORIZABLE)
def test_vectorized_and_looped_are_the_same(images: Task, network: NetworkFactory) -> None:
    some = trials(4)
    vectorized = train(some, images, network, execution="vectorized")
    looped = train(some, images, network, execution="looped")
    for index in range(4):
        assert_same(vectorized, index, looped, index)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (modules.torch_lstm, "Batching rule not implemented for aten::lstm"),
        (modules.halting, "data-dependent control flow"),
        (modules.dropped, "it draws random numbers"),
        (modules.counting, "broadcast shape"),
        (modules.random_features, "its buffers differ by trial"),
    ],
)
def test_a_loop_says_why(images: Task, network: NetworkFactory, reason: str) -> None:
    looped = train(trials(2), images, network)
    assert looped.notice is not None
    assert "one after another" in looped.notice and reason in looped.notice
    with pytest.raises(ValueError, match="cannot be vectorized: .*" + reason):
        train(trials(2), images, network, execution="vectorized")


def test_a_vectorized_network_gives_no_notice(images: Task) -> None:
    assert train(trials(2), images, modules.tied).notice is None


def test_trying_a_module_leaves_it_and_random_state_alone(images: Task) -> None:
    module = modules.counting({}, images)
    before, state = module.mean.clone(), torch.get_rng_state()  # type: ignore[operator]
    module_traits(module, images)
    assert torch.equal(module.mean, before)  # type: ignore[arg-type]
    dropped = modules.dropped({}, images)
    state = torch.get_rng_state()
    assert module_traits(dropped, images).draws
    assert torch.equal(torch.get_rng_state(), state)


def test_dropout_has_its_own_stream_by_trial_and_step(images: Task) -> None:
    """The same configuration under another seed, and under the same one."""
    one = trials(1, learning_rate=1e-30, weight_decay=0.0)[0]
    again = dataclasses.replace(one, number=1)
    other = dataclasses.replace(one, number=2, seed=one.seed + 1)
    torch.manual_seed(5)
    record = train([one, other, again], images, modules.dropped)
    np.testing.assert_array_equal(record.loss[0], record.loss[2])
    assert (record.loss[0] != record.loss[1]).all()


def test_torch_lstm_equals_a_plain_loop(images: Task) -> None:
    """Same network, same data, torch's own optimizer."""
    from study.engine.cohort.batches import BatchOrder
    from study.engine.seeds import module_seed

    trial = make_trial(
        1, initialization="torch_default", init_gain=1.0, clip_norm="none", lr_decay="constant"
    )
    record = train([trial], images, modules.torch_lstm)
    torch.manual_seed(module_seed(trial.seed))
    network = modules.torch_lstm({}, images).double()
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=float(trial.hyperparameters["learning_rate"]),
        momentum=float(trial.hyperparameters["momentum"]),
        weight_decay=float(trial.hyperparameters["weight_decay"]),
    )
    order = BatchOrder(
        [trial.seed], examples=images.examples, batch_size=32, device=torch.device("cpu")
    )
    for step in range(STEPS):
        batch = order.batch(step)[0]
        loss = images.loss(network(images.inputs[batch].double()), images.targets[batch]).mean()
        assert record.loss[0, step] == pytest.approx(loss.item(), rel=1e-9)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_bfloat16_rounds_products_and_still_trains(images: Task) -> None:
    common = {"initialization": "xavier_normal", "init_gain": 1.0, "learning_rate": 0.05}
    rounded = train(trials(3, dtype="bfloat16", **common), images, modules.tied)
    exact = train(trials(3, dtype="float32", **common), images, modules.tied)
    difference = np.abs(rounded.loss / exact.loss - 1)
    assert 1e-5 < difference.max() < 0.05
    alone = train([trials(3, dtype="bfloat16", **common)[2]], images, modules.tied)
    np.testing.assert_allclose(rounded.loss[2], alone.loss[0], rtol=2e-2)
