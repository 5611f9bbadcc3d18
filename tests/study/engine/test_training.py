"""A trial is a pure function of its hyperparameters and seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NETWORKS, NetworkError, Task, train_cohort
from study.engine.activations import ACTIVATIONS
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.reference import train_plainly

STEPS = 50


def train(trials: list[Trial], task: Task, steps: int = STEPS, **options: object):  # type: ignore[no-untyped-def]
    return train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=steps, **options)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(12))
def test_equals_plain_torch_loop(digits: Task, number: int) -> None:
    trial = make_trial(number)
    record = train([trial], digits)
    plain = train_plainly(trial, digits, STEPS)
    np.testing.assert_allclose(record.loss[0], plain["loss"], rtol=1e-9)
    np.testing.assert_allclose(record.grad_norm[0], plain["grad_norm"], rtol=1e-9)
    np.testing.assert_allclose(record.learning_rate[0], plain["learning_rate"], rtol=1e-12)


def test_same_alone_in_two_and_in_sixty_four(digits: Task) -> None:
    trials = [make_trial(number) for number in range(64)]
    together = train(trials, digits)
    for index in (0, 7, 63):
        alone = train([trials[index]], digits)
        pair = train([trials[5], trials[index]], digits)
        for name in ("loss", "metric", "grad_norm", "clip_factor", "update_ratio"):
            expected = getattr(alone, name)[0]
            np.testing.assert_allclose(getattr(pair, name)[1], expected, rtol=1e-9)
            np.testing.assert_allclose(getattr(together, name)[index], expected, rtol=1e-9)
        for name, values in alone.by_layer.items():
            np.testing.assert_allclose(together.by_layer[name][index], values[0], rtol=1e-8)


def test_float32_agrees_with_float64(digits: Task) -> None:
    trials = [make_trial(number) for number in range(9)]
    single = [make_trial(number, dtype="float32") for number in range(9)]
    np.testing.assert_allclose(
        train(single, digits, 20).loss, train(trials, digits, 20).loss, rtol=1e-3
    )


def test_trial_of_nans_leaves_its_neighbours_alone(digits: Task) -> None:
    healthy = [make_trial(number) for number in range(4)]
    broken = [
        make_trial(90, learning_rate=1e200, clip_norm="none"),
        make_trial(91, initialization="he_normal", init_gain=1e307),
    ]
    apart = train(healthy, digits)
    mixed = train([healthy[0], broken[0], healthy[1], broken[1], *healthy[2:]], digits)
    np.testing.assert_allclose(mixed.loss[[0, 2, 4, 5]], apart.loss, rtol=1e-9)
    assert mixed.steps_run.tolist() == [STEPS, 2, STEPS, 1, STEPS, STEPS]
    assert mixed.failure_step[[1, 3]].tolist() == [-1, 0]
    assert (mixed.failure_tensor[1], mixed.failure_tensor[3]) == (None, "loss")
    assert mixed.loss[1, 1] > 1e6 * mixed.loss[1, 0]


@pytest.mark.parametrize("execution", ["fused", "chain", "vectorized", "looped"])
def test_diverged_trials_are_retired_and_the_cohort_shrinks(digits: Task, execution: str) -> None:
    sizes: list[int] = []

    def watched(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(outputs) // 32)
        return digits.metric(outputs, labels)

    task = dataclasses.replace(digits, metric=watched)
    common = {"activation": "relu", "initialization": "he_normal", "clip_norm": "none"}
    trials = [make_trial(n, **common, learning_rate=0.01, momentum=0.0) for n in range(4)]
    trials += [make_trial(n, **common, learning_rate=1e12) for n in range(4, 8)]
    record = train(trials, task, 40, execution=execution)
    assert sizes[0] == 8 and sizes[-1] == 4
    assert (record.steps_run[:4] == 40).all() and (record.steps_run[4:] < 8).all()
    for index in range(4, 8):
        ran = record.steps_run[index]
        assert np.isnan(record.loss[index, ran:]).all()
    alone = train(trials[:4], digits, 40)
    np.testing.assert_allclose(record.loss[:4], alone.loss, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_chain_vmap_and_loop_give_the_same(digits: Task, activation: str) -> None:
    trials = [make_trial(n, activation=activation) for n in range(8)]
    chain, vmapped, looped = (
        train(trials, digits, 20, execution=execution)
        for execution in ("chain", "vectorized", "looped")
    )
    for name in ("loss", "metric", "grad_norm", "clip_factor", "update_ratio"):
        np.testing.assert_allclose(getattr(chain, name), getattr(vmapped, name), rtol=1e-9)
        np.testing.assert_allclose(getattr(looped, name), getattr(vmapped, name), rtol=1e-9)
    for name, values in vmapped.by_layer.items():
        np.testing.assert_allclose(chain.by_layer[name], values, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(looped.by_layer[name], values, rtol=1e-7, atol=1e-12)


def test_trials_that_differ_in_shape_cannot_share_a_cohort(digits: Task) -> None:
    with pytest.raises(ValueError, match="must agree in depth"):
        train([make_trial(0), make_trial(1, depth=4)], digits)


def test_batch_larger_than_the_data_is_refused(digits: Task) -> None:
    with pytest.raises(ValueError, match="batch_size <= examples.*5000.*1797"):
        train([make_trial(0, batch_size=5000)], digits)


def test_network_of_the_wrong_shape_is_refused(digits: Task) -> None:
    def wrong(hyperparameters, task):  # type: ignore[no-untyped-def]
        return nn.Sequential(nn.Flatten(), nn.Linear(task.features, 7))

    with pytest.raises(NetworkError, match=r"\(2, \.\.\., 10\).*returned \(2, 7\)"):
        train_cohort([make_trial(0)], task=digits, network=wrong, steps=1)


def test_a_network_of_ones_own_is_vectorized_and_observed(digits: Task) -> None:
    class Gated(nn.Module):
        def __init__(self, features: int, outputs: int) -> None:
            super().__init__()
            self.up = nn.Linear(features, 12)
            self.gate = nn.Linear(features, 12)
            self.act = nn.Sigmoid()
            self.relu = nn.ReLU(inplace=True)
            self.down = nn.Linear(12, outputs)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            flat = inputs.flatten(1)
            return self.down(self.relu(self.up(flat)) * self.act(self.gate(flat)))

    def factory(hyperparameters, task):  # type: ignore[no-untyped-def]
        return Gated(task.features, task.outputs)

    trials = [make_trial(n, learning_rate=0.1) for n in range(3)]
    record = train_cohort(trials, task=digits, network=factory, steps=20)
    assert [layer.name for layer in record.layers] == ["up", "gate", "down"]
    assert [layer.activation_name for layer in record.layers] == ["relu", "sigmoid", None]
    assert np.isfinite(record.by_layer["delta_rms"]).all()
    assert (record.by_layer["zero_fraction"][:, 0, 0] > 0.2).all()
