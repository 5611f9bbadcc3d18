"""Layers that are called once a time step, against plain autograd."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.trials.gradient_profiles import CALLS
from study.engine import CohortRecord, Task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.initializations import initialize
from study.engine.seeds import initialization_generator
from study.trial import Trial
from tests.study.engine.conftest import make_trial

TIME_STEPS, COLUMNS, WIDTH, BATCH = 8, 8, 6, 32


class Recurrent(nn.Module):
    """h[t] = tanh(W x[t] + U h[t - 1]), read out at the end; W sees all time steps at once."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Linear(COLUMNS, WIDTH)
        self.recurrent = nn.Linear(WIDTH, WIDTH)
        self.tanh = nn.Tanh()
        self.readout = nn.Linear(WIDTH, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.states(inputs)[-1])

    def states(self, inputs: Tensor, deltas: list[Tensor] | None = None) -> list[Tensor]:
        """The state after each time step; pre-activations are added to `deltas`, if given."""
        found = [inputs.new_zeros(len(inputs), WIDTH)]
        for seen in self.inner(inputs).unbind(1):
            mapped = self.recurrent(found[-1])
            if deltas is not None:
                mapped.retain_grad()
                deltas.append(mapped)
            found.append(self.tanh(mapped + seen))
        return found[1:]


def factory(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Recurrent(task.outputs)


@pytest.fixture(scope="module")
def rows(digits: Task) -> Task:
    """Digits, row by row."""
    return dataclasses.replace(digits, inputs=digits.inputs.reshape(-1, TIME_STEPS, COLUMNS))


def train(trials: list[Trial], task: Task, execution: str) -> CohortRecord:
    return train_cohort(trials, task=task, network=factory, steps=1, execution=execution)


def by_hand(trial: Trial, task: Task) -> dict[str, float]:
    network = Recurrent(task.outputs).double()
    values = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
    network.load_state_dict({name: value.double() for name, value in values.items()})
    order = BatchOrder(
        [trial.seed], examples=task.examples, batch_size=BATCH, device=torch.device("cpu")
    )
    batch = order.batch(0)[0]
    mapped: list[Tensor] = []
    states = network.states(task.inputs[batch].double(), mapped)
    nn.functional.cross_entropy(network.readout(states[-1]), task.targets[batch]).backward()
    deltas = np.stack([one.grad.numpy() for one in mapped if one.grad is not None])
    activations = torch.stack(states).detach().numpy()
    root = lambda values: float(np.sqrt(np.mean(values**2)))  # noqa: E731
    return {
        "delta_rms": root(deltas),
        **{
            f"delta_rms_{name}_call": root(deltas[round(part * (len(deltas) - 1))])
            for name, part in CALLS.items()
        },
        "preactivation_rms": root(torch.stack(mapped).detach().numpy()),
        # Biases start at zero, so the first map of a state of zeros shows nothing.
        "preactivation_rms_first_call": root(mapped[1].detach().numpy()),
        "preactivation_rms_last_call": root(mapped[-1].detach().numpy()),
        "weight_count": WIDTH * WIDTH,
        "activation_mean": float(activations.mean()),
        "activation_std": float(activations.std()),
        "saturated_fraction": float((1 - activations**2 < 0.01).mean()),
        "dead_fraction": 0.0,
    }


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_first_and_last_time_step_equal_plain_autograd(rows: Task, execution: str) -> None:
    trials = [make_trial(number, initialization="he_normal") for number in range(4)]
    record = train(trials, rows, execution)
    assert [(one.name, one.calls) for one in record.layers] == [
        ("inner", 1),
        ("recurrent", TIME_STEPS),
        ("readout", 1),
    ]
    for index, trial in enumerate(trials):
        for name, expected in by_hand(trial, rows).items():
            got = record.by_layer[name][index, 0, 1]
            assert got == pytest.approx(expected, rel=1e-9), name


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_a_layer_called_once_has_one_delta_and_one_size(rows: Task, execution: str) -> None:
    layers = train([make_trial(0), make_trial(1)], rows, execution).by_layer
    once = [0, 2]
    for name, end in itertools.product(
        ("delta_rms", "preactivation_rms"), ("first_call", "last_call")
    ):
        expected = layers[name][:, :, once]
        np.testing.assert_allclose(layers[f"{name}_{end}"][:, :, once], expected, rtol=1e-12)
    assert np.isnan(layers["delta_rms_middle_call"][:, :, once]).all()


def test_an_orthogonal_map_of_small_states_keeps_the_gradient(rows: Task) -> None:
    """In the linear range of tanh every time step multiplies delta by U^T."""
    still = dataclasses.replace(rows, inputs=1e-4 * rows.inputs)
    for gain in (0.5, 1.0):
        trial = make_trial(0, initialization="orthogonal", init_gain=gain)
        layers = train([trial], still, "vectorized").by_layer
        first, last = (layers[f"delta_rms_{end}_call"][0, 0, 1] for end in ("first", "last"))
        assert first / last == pytest.approx(gain ** (TIME_STEPS - 1), rel=1e-3)
