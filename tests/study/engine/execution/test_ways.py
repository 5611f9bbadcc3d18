"""Every built-in network gives the same numbers in every way that it can be run."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NETWORKS, TASKS, CohortRecord, Task, classification, train_cohort
from study.engine.execution import EXECUTIONS
from study.engine.tasks.factory import make_task
from tests.study.engine.conftest import make_trial

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "mlp": ("digits", {"depth": 2, "width": 8, "activation": "tanh"}),
    "cnn": ("digits", {"depth": 2, "width": 4, "activation": "relu"}),
    "resnet": ("digits", {"depth": 2, "width": 4, "normalization": "batch"}),
    "densenet": ("digits", {"depth": 2, "width": 4, "growth_rate": 4, "normalization": "group"}),
    "unet": ("denoising", {"depth": 1, "width": 4, "activation": "gelu"}),
    "vae": ("generation", {"depth": 1, "width": 6, "activation": "tanh"}),
    "rnn": ("adding", {"depth": 2, "width": 6, "activation": "tanh", "sequence_length": 10}),
    "lstm": ("adding", {"depth": 1, "width": 6, "sequence_length": 10}),
    "gru": ("copy", {"depth": 1, "width": 6, "sequence_length": 3}),
    "seq2seq": ("reverse", {"depth": 1, "width": 6, "sequence_length": 3}),
    "transformer": ("temporal_order", {"depth": 1, "width": 8, "heads": 2, "sequence_length": 10}),
    "encoder_decoder": ("dates", {"depth": 1, "width": 8, "heads": 2}),
    "linear": ("digits", {}),
}
DRAWS = ("vae",)
"""Each trial draws its own numbers, one trial after another: there is one way."""

TRIALS = 10
"""More than run at once in parts, and no multiple of it."""


@functools.cache
def trained(network: str, way: str) -> CohortRecord:
    task_name, own = CASES[network]
    task = make_task(TASKS[task_name], {}, own)
    trials = [make_trial(n, **own) for n in range(TRIALS - 1)]
    trials.append(make_trial(99, **own, learning_rate=1e30, clip_norm="none"))
    return train_cohort(trials, task=task, network=NETWORKS[network], steps=6, execution=way)


def test_every_network_is_here() -> None:
    assert CASES.keys() == NETWORKS.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [way for way in EXECUTIONS if way not in ("fused", "chain", "looped")]
)
@pytest.mark.parametrize("network", [name for name in CASES if name not in DRAWS])
def test_same_numbers(network: str, way: str) -> None:
    looped, other = trained(network, "looped"), trained(network, way)
    np.testing.assert_array_equal(other.steps_run, looped.steps_run)
    for name in ("loss", "metric", "grad_norm", "clip_factor", "update_ratio"):
        # The last trial overflows, where rounding is all there is.
        some, expected = getattr(other, name)[:-1], getattr(looped, name)[:-1]
        np.testing.assert_allclose(some, expected, rtol=1e-7, atol=1e-12)
    assert other.by_layer.keys() == looped.by_layer.keys()
    for name, values in looped.by_layer.items():
        np.testing.assert_allclose(other.by_layer[name][:-1], values[:-1], rtol=1e-6, atol=1e-12)


def test_the_lost_trial_was_retired() -> None:
    assert trained("cnn", "in_parts").steps_run[-1] < 6


def test_an_unknown_way_lists_the_ways() -> None:
    with pytest.raises(ValueError, match="unknown execution 'fast'; known: auto, fused, chain, "):
        trained("mlp", "fast")


@pytest.mark.parametrize("way", ["auto", "looped"])
def test_linear_layers_work_along_the_last_axis_of_a_sequence(way: str) -> None:
    """A sequence of them was taken for a chain over flattened inputs, and could not be run."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(96, 5, 3, generator=generator)
    task = classification("signs", inputs, (inputs[..., 0] > 0).long(), classes=2)

    def network(_: object, task: Task) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, task.outputs))

    own = {"optimizer": "adam", "learning_rate": 0.03, "initialization": "torch_default"}
    trials = [make_trial(number, **own, clip_norm="none") for number in range(3)]
    record = train_cohort(trials, task=task, network=network, steps=60, execution=way)
    assert (record.metric[:, -1] > 0.9).all()
