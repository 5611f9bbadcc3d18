"""Largest stable learning rates, against torch's optimizers on a quadratic."""

from __future__ import annotations

import pytest
import torch

from search_spaces.theory.limits import (
    adam_limit,
    gradient_descent_limit,
    heavy_ball_limit,
    nesterov_limit,
)

SHARPNESS = 2.5


def end(*, learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0):
    """|x| after 300 steps from 1, on SHARPNESS x^2 / 2."""
    x = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD(
        [x], lr=learning_rate, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay
    )
    for _ in range(300):
        x.grad = SHARPNESS * x.detach()
        optimizer.step()
    return abs(float(x.detach()))


@pytest.mark.parametrize("weight_decay", [0.0, 0.7])
@pytest.mark.parametrize("rule", ["gradient_descent", "heavy_ball", "nesterov"])
def test_limits_are_exact_to_a_percent(rule, weight_decay):
    if rule == "gradient_descent":
        limit, options = gradient_descent_limit(SHARPNESS, weight_decay=weight_decay), {}
    elif rule == "heavy_ball":
        limit = heavy_ball_limit(SHARPNESS, 0.8, weight_decay=weight_decay)
        options = {"momentum": 0.8}
    else:
        limit = nesterov_limit(SHARPNESS, 0.8, weight_decay=weight_decay)
        options = {"momentum": 0.8, "nesterov": True}
    assert end(learning_rate=0.99 * limit, weight_decay=weight_decay, **options) < 0.1
    assert end(learning_rate=1.01 * limit, weight_decay=weight_decay, **options) > 10


def test_without_momentum_all_rules_are_gradient_descent():
    plain = gradient_descent_limit(SHARPNESS)
    assert heavy_ball_limit(SHARPNESS, 0.0) == nesterov_limit(SHARPNESS, 0.0) == plain


def test_adam_with_its_preconditioner_held_still():
    assert adam_limit(1.0) == pytest.approx(38)
    assert adam_limit(38 / 0.01) == pytest.approx(0.01)
    ends = []
    for factor in (0.99, 1.01):
        x, mean = 1.0, 0.0
        for _ in range(300):
            mean = 0.9 * mean + 0.1 * SHARPNESS * x
            x -= factor * adam_limit(SHARPNESS) * mean
        ends.append(abs(x))
    assert ends[0] < 0.1 and ends[1] > 10


@pytest.mark.parametrize("call", [gradient_descent_limit, adam_limit])
def test_without_curvature_there_is_no_limit(call):
    with pytest.raises(ValueError, match="sharpness"):
        call(0.0)


@pytest.mark.parametrize("call", [heavy_ball_limit, nesterov_limit])
def test_momentum_is_a_share(call):
    with pytest.raises(ValueError, match="momentum < 1"):
        call(1.0, 1.0)
