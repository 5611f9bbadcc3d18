"""Either side of every threshold of SageMaker Debugger."""

from __future__ import annotations

import math

import pandas as pd
import pytest

MEAN_OF_RMS = math.sqrt(2 / math.pi)


@pytest.mark.parametrize("layer", [1, 3, 4])
@pytest.mark.parametrize(("mean", "expected"), [(0.99e-7, True), (1.01e-7, False), (0.0, True)])
def test_vanishing_gradient(little, layer: int, mean: float, expected: bool) -> None:
    fired = little().layer(layer, weight_grad_rms=mean / MEAN_OF_RMS).alarms()
    assert ("sagemaker.vanishing_gradient" in fired) == expected
    assert ("deepdiagnosis.vanishing_gradient" in fired) == expected


def test_a_gradient_that_is_nan_has_not_vanished(little) -> None:
    spoiled = little().layer(2, weight_grad_rms=math.nan)
    assert "sagemaker.vanishing_gradient" not in spoiled.alarms()


def test_exploding_tensor(little) -> None:
    name = "sagemaker.exploding_tensor"
    assert name not in little().alarms()
    assert name in little().trial(failure_step=0).alarms()
    assert name in little().layer(4, at=55, nonfinite_count=1).alarms()


@pytest.mark.parametrize(("share", "expected"), [(0.99895, False), (0.99905, True), (1.3, True)])
def test_loss_not_decreasing(little, share: float, expected: bool) -> None:
    """Step 34 against 21, the latest that lies 10 steps before it."""
    to_step_21 = [3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3]
    study = little().along(loss=[*to_step_21, 2.3 * share, 0.1])
    assert ("sagemaker.loss_not_decreasing" in study.alarms()) == expected


def test_a_loss_that_rises_within_ten_steps_may(little) -> None:
    """Step 13 is held against 3, not against 5 or 8."""
    losses = [3.0, 2.9, 2.8, 2.5, 1.0, 1.0, 2.4, 0.9, 0.8, 0.7]
    assert "sagemaker.loss_not_decreasing" not in little().along(loss=losses).alarms()
    losses[3] = 2.4
    assert "sagemaker.loss_not_decreasing" in little().along(loss=losses).alarms()


def test_ten_steps_lie_between_and_not_nine(little) -> None:
    study = little()
    study.steps = pd.DataFrame({"trial": 7, "step": [0, 9, 10], "loss": [1.0, 2.0, 0.5]})
    assert "sagemaker.loss_not_decreasing" not in study.alarms()
    study.steps["loss"] = [1.0, 0.5, 2.0]
    assert "sagemaker.loss_not_decreasing" in study.alarms()


def test_losses_below_zero_fall_too(little) -> None:
    """A log-likelihood: from -1 to -2 is a fall, from -2 to -1 is none."""
    falling = [-1.0 - index for index in range(10)]
    assert "sagemaker.loss_not_decreasing" not in little().along(loss=falling).alarms()
    assert "sagemaker.loss_not_decreasing" in little().along(loss=falling[::-1]).alarms()


@pytest.mark.parametrize("loss", [math.nan, -math.inf])
def test_losses_that_are_not_finite_are_another_rule(little, loss: float) -> None:
    assert "sagemaker.loss_not_decreasing" not in little().step(55, loss=loss).alarms()


@pytest.mark.parametrize(
    ("activation", "saturated", "dead", "expected"),
    [
        ("relu", math.nan, 0.51, True),
        ("relu", math.nan, 0.50, False),
        ("tanh", 0.0, 1.0, False),
        ("gelu", math.nan, 1.0, False),
        (None, math.nan, 0.51, True),
        (None, 0.0, 1.0, False),
    ],
)
def test_dead_relu(
    little, activation: str | None, saturated: float, dead: float, expected: bool
) -> None:
    study = little().trial(activation=activation)
    study.layer(3, at=21, dead_fraction=dead, saturated_fraction=saturated)
    assert ("sagemaker.dead_relu" in study.alarms()) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (10.1, True),
        (9.9, False),
        (1.1e-8, False),
        (0.9e-8, True),
        (0.0, True),
        (math.inf, True),
        (math.nan, False),
    ],
)
def test_weight_update_ratio(little, ratio: float, expected: bool) -> None:
    fired = little().layer(4, at=0, update_ratio=ratio).alarms()
    assert ("sagemaker.weight_update_ratio" in fired) == expected
