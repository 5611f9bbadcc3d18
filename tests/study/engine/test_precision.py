"""Numbers below the smallest normal one: taken for zero while the engine trains, and only then."""

from __future__ import annotations

import time

import pytest
import torch

from study.engine import NETWORKS, TASKS, train_cohort
from study.engine.precision import without_subnormals
from study.engine.tasks.factory import make_task
from study.trial import Trial

SUBNORMAL = 1e-40


def is_zero(value: float) -> bool:
    return bool(torch.full((64,), value).mul(1.0).eq(0).all())


@pytest.fixture(autouse=True)
def subnormals():
    yield
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("flushed_before", [False, True])
def test_what_a_process_does_with_subnormals_is_left_as_it_was(flushed_before):
    torch.set_flush_denormal(flushed_before)

    with without_subnormals():
        assert is_zero(SUBNORMAL)
        assert not is_zero(2e-38)

    assert is_zero(SUBNORMAL) == flushed_before


def cpu_seconds(initialization: str) -> float:
    """Of one training of a cohort of deep networks."""
    hyperparameters = {
        "depth": 32,
        "width": 32,
        "activation": "tanh",
        "initialization": initialization,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "batch_size": 64,
    }
    trials = [
        Trial(number=n, configuration=n, seed=n, hyperparameters=hyperparameters) for n in range(8)
    ]
    task = make_task(TASKS["digits"], {}, hyperparameters)
    started = time.process_time()
    train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=40)
    return time.process_time() - started


def test_vanishing_gradients_cost_no_more_time_than_others():
    # In turn, so that other work on the machine meets both alike; the least of each.
    pairs = [(cpu_seconds("small_normal"), cpu_seconds("xavier_normal")) for _ in range(4)]
    vanishing, healthy = map(min, zip(*pairs, strict=True))

    # About 1.1; 5 and more where each product of subnormal numbers goes through microcode.
    assert vanishing < 2.5 * healthy
