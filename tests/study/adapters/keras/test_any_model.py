"""Keras models in cohorts: vectorized where possible, looped where not, the same numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from study.engine import CohortRecord, NetworkFactory, Task, train_cohort
from study.trial import Trial
from tests.study.adapters.keras import models
from tests.study.engine.conftest import make_trial

STEPS = 6

VECTORIZABLE = (
    models.dense,
    models.channels_last,
    models.channels_first,
    models.residual,
    models.subclassed,
    models.simple_rnn,
    models.lstm,
    models.gru,
    models.attention,
)
OFTEN = (models.dense, models.channels_last, models.subclassed, models.gru)
"""Of those, what the fast tests look at: dense, convolutional, somebody's own, recurrent."""
NOT_ALWAYS = [
    network if network in OFTEN else pytest.param(network, marks=pytest.mark.slow)
    for network in VECTORIZABLE
]
OTHERS = {
    models.dropout: "it draws random numbers",
    models.noise: "it draws random numbers",
    models.global_noise: "it draws random numbers",
    models.counting: "inplace arithmetic",
    models.frozen: "its buffers differ by trial",
}


def trials(n: int, **overrides: object) -> list[Trial]:
    common: dict[str, object] = {"dtype": "float32", "init_gain": 1.0, "learning_rate": 0.05}
    return [make_trial(number, **(common | overrides)) for number in range(n)]


def train(some: list[Trial], task: Task, network: NetworkFactory, **options: str) -> CohortRecord:
    return train_cohort(some, task=task, network=network, steps=STEPS, **options)  # type: ignore[arg-type]


def assert_same(one: CohortRecord, index: int, other: CohortRecord, there: int) -> None:
    for name in ("loss", "metric", "grad_norm", "update_ratio"):
        expected = getattr(other, name)[there]
        np.testing.assert_allclose(getattr(one, name)[index], expected, rtol=2e-3, atol=1e-6)
    for name, values in other.by_layer.items():
        expected = values[there]
        np.testing.assert_allclose(one.by_layer[name][index], expected, rtol=5e-3, atol=1e-5)


@pytest.mark.parametrize("network", [*NOT_ALWAYS, *OTHERS])
@pytest.mark.parametrize(
    "initialization", ["torch_default", pytest.param("orthogonal", marks=pytest.mark.slow)]
)
def test_in_a_cohort_as_alone(digits: Task, network: NetworkFactory, initialization: str) -> None:
    """The middle one of three: it could take what is its neighbour's on either side."""
    some = trials(3, initialization=initialization)
    together = train(some, digits, network)
    assert_same(together, 1, train([some[1]], digits, network), 0)
    assert np.isfinite(together.by_layer["delta_rms"]).all()


@pytest.mark.parametrize("network", NOT_ALWAYS)
def test_vectorized_and_looped_are_the_same(digits: Task, network: NetworkFactory) -> None:
    some = trials(3)
    vectorized = train(some, digits, network, execution="vectorized")
    looped = train(some, digits, network, execution="looped")
    for index in range(3):
        assert_same(vectorized, index, looped, index)


@pytest.mark.parametrize("network", OTHERS)
def test_a_loop_says_why(digits: Task, network: NetworkFactory) -> None:
    notice = train(trials(2), digits, network).notice
    assert notice is not None
    assert "one after another" in notice and OTHERS[network] in notice


@pytest.mark.parametrize("network", [models.dropout, models.noise, models.global_noise])
def test_random_layers_have_a_stream_by_trial_and_step(
    digits: Task, network: NetworkFactory
) -> None:
    """The same configuration under another seed, and under the same one."""
    one = trials(1, learning_rate=1e-30, weight_decay=0.0)[0]
    again = dataclasses.replace(one, number=1)
    other = dataclasses.replace(one, number=2, seed=one.seed + 1)
    torch.manual_seed(5)
    record = train([one, other, again], digits, network)
    np.testing.assert_array_equal(record.loss[0], record.loss[2])
    assert (record.loss[0] != record.loss[1]).all()


def test_noise_differs_by_step(digits: Task) -> None:
    """All examples in every batch, and no learning: what is left is noise."""
    some = trials(1, learning_rate=1e-30, weight_decay=0.0, batch_size=digits.examples)
    for network in (models.dropout, models.noise, models.global_noise):
        loss = train(some, digits, network).loss[0]
        assert len(np.unique(loss.round(5))) == STEPS, network


def test_bfloat16_rounds_products_and_still_trains(digits: Task) -> None:
    rounded = train(trials(2, dtype="bfloat16"), digits, models.dense)
    exact = train(trials(2), digits, models.dense)
    difference = np.abs(rounded.loss / exact.loss - 1)
    assert 1e-5 < difference.max() < 0.05
