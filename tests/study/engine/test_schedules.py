"""Learning rates against torch.optim.lr_scheduler and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

from study.engine.schedules import SCHEDULES, learning_rates

STEPS = 24
RATE = 0.3

DECAYS: dict[str, tuple[dict[str, Any], Callable[[Optimizer, int], LRScheduler]]] = {
    "constant": ({}, lambda optimizer, left: ConstantLR(optimizer, factor=1.0)),
    "exponential": (
        {"lr_decay_rate": 0.2, "lr_decay_steps": 5},
        lambda optimizer, left: ExponentialLR(optimizer, gamma=0.2 ** (1 / 5)),
    ),
    "step": (
        {"lr_decay_rate": 0.5, "lr_decay_steps": 4},
        lambda optimizer, left: StepLR(optimizer, step_size=4, gamma=0.5),
    ),
    "cosine": ({}, lambda optimizer, left: CosineAnnealingLR(optimizer, T_max=left)),
    "linear": (
        {},
        lambda optimizer, left: LinearLR(
            optimizer, start_factor=1.0, end_factor=0.0, total_iters=left
        ),
    ),
    "warmup_stable_decay": (
        {"cooldown_steps": 2},
        lambda optimizer, left: LambdaLR(
            optimizer, lambda t: 1.0 if t <= left - 2 else 1 - math.sqrt(1 / 2)
        ),
    ),
    "one_cycle": (
        {},
        lambda optimizer, left: OneCycleLR(
            optimizer, RATE, total_steps=left, cycle_momentum=False
        ),
    ),
}
ALONE = tuple(name for name in DECAYS if name != "one_cycle")
"""torch's OneCycleLR takes over the rate when it is made, so a warm-up before it is not one."""


def by_torch(decay: str, warmup: int, steps: int) -> list[float]:
    """Learning rates of a loop that steps torch's schedulers."""
    optimizer = SGD([torch.zeros(1, dtype=torch.float64)], lr=RATE)
    make = DECAYS[decay][1]
    if warmup:
        rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        decaying = make(optimizer, steps - warmup)
        schedule: LRScheduler = SequentialLR(optimizer, [rise, decaying], milestones=[warmup])
    else:
        schedule = make(optimizer, steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize(
    ("decay", "warmup"),
    [*((decay, warmup) for decay in ALONE for warmup in (0, 1, 2, 7, 22)), ("one_cycle", 0)],
)
def test_equals_torch(decay: str, warmup: int) -> None:
    values = {"learning_rate": RATE, "lr_decay": decay, "warmup_steps": warmup}
    rates = learning_rates({**values, **DECAYS[decay][0]}, STEPS)
    assert rates.dtype == np.float64
    np.testing.assert_allclose(rates, by_torch(decay, warmup, STEPS), rtol=1e-12, atol=1e-15)


def test_linear_decay_ends_one_step_above_zero() -> None:
    rates = learning_rates({"learning_rate": 1.0, "lr_decay": "linear"}, 4)
    assert rates.tolist() == [1.0, 0.75, 0.5, 0.25]


def test_full_rate_at_the_last_step_of_the_warm_up_and_at_the_first_of_the_decay() -> None:
    values = {"learning_rate": 2.0, "lr_decay": "cosine", "warmup_steps": 4}
    rates = learning_rates(values, 10)
    assert rates[:5].tolist() == [0.5, 1.0, 1.5, 2.0, 2.0]
    assert rates[7] == pytest.approx(1 + math.cos(math.pi / 2))


@pytest.mark.parametrize("decay", SCHEDULES)
@pytest.mark.parametrize(("warmup", "last"), [(5, 1.0), (6, 5 / 6), (50, 0.1)])
def test_a_warm_up_as_long_as_the_training_only_rises(
    decay: str, warmup: int, last: float
) -> None:
    values = {"learning_rate": 1.0, "lr_decay": decay, "warmup_steps": warmup}
    rates = learning_rates(values, 5)
    np.testing.assert_allclose(rates, np.arange(1, 6) / warmup, rtol=1e-15)
    assert rates[-1] == pytest.approx(last)


@pytest.mark.parametrize("decay", ["exponential", "step"])
def test_by_default_the_rate_has_decayed_three_times_at_the_end(decay: str) -> None:
    """Every third of the steps that follow the warm-up, by 0.1."""
    plain = learning_rates({"learning_rate": 1.0, "lr_decay": decay}, 30)
    np.testing.assert_allclose(plain[[0, 10, 20]], [1, 0.1, 0.01])
    warm = learning_rates({"learning_rate": 1.0, "lr_decay": decay, "warmup_steps": 6}, 36)
    np.testing.assert_allclose(warm[6:], plain)


@pytest.mark.parametrize("warmup", [0, 4])
def test_inverse_sqrt_is_the_transformers(warmup: int) -> None:
    """min(step^-1/2, step warmup^-3/2) of Vaswani et al. 2017, up to its factor; steps from 1."""
    values = {"learning_rate": 1.0, "lr_decay": "inverse_sqrt", "warmup_steps": warmup}
    paper = [min(step**-0.5, step * max(1, warmup) ** -1.5) for step in range(1, 21)]
    rates = learning_rates(values, 21)
    np.testing.assert_allclose(
        rates[warmup:20] / rates[warmup],
        [value / max(paper) for value in paper[max(0, warmup - 1) : 20 - 1 if warmup else 20]],
        rtol=1e-12,
    )


def test_one_cycle_rises_to_the_learning_rate_after_three_tenths() -> None:
    rates = learning_rates({"learning_rate": 2.0, "lr_decay": "one_cycle"}, 40)
    assert rates.argmax() == 11 and rates.max() == 2.0
    assert rates[0] == pytest.approx(2 / 25) and rates[-1] == pytest.approx(2 / 25e4)


def test_every_other_schedule_begins_at_the_learning_rate_and_never_rises() -> None:
    for decay in set(SCHEDULES) - {"one_cycle"}:
        rates = learning_rates({"learning_rate": 0.7, "lr_decay": decay}, 40)
        assert rates[0] == 0.7 and (np.diff(rates) <= 0).all() and (rates > 0).all()
