"""Either side of the learning rate's bounds; other rules are tested beside SageMaker's."""

from __future__ import annotations

import math

import pytest

NAME = "deepdiagnosis.learning_rate"


@pytest.mark.parametrize(
    ("rate", "gradient", "weight", "expected"),
    [
        (0.1, 1e-3, 0.101, False),
        (0.1, 0.101, 0.1, True),
        (0.1, 0.099, 0.1, False),
        (0.1, 1.01e-5, 0.1, False),
        (0.1, 0.99e-5, 0.1, True),
        (1e-3, 0.101, 0.1, False),
        (1e-4, 0.99e-2, 0.1, True),
        (0.1, 1e-3, 0.0, True),
        (0.1, 0.0, 0.0, False),
        (0.1, math.nan, 0.1, False),
    ],
)
def test_learning_rate(
    little, rate: float, gradient: float, weight: float, expected: bool
) -> None:
    study = little().step(21, learning_rate=rate)
    for layer in (1, 2, 3, 4):  # The others at this step in the middle of the bounds.
        study.layer(layer, at=21, weight_grad_rms=1e-3 / rate, weight_rms=1.0)
    study.layer(3, at=21, weight_grad_rms=gradient, weight_rms=weight)
    assert (NAME in study.alarms()) == expected


def test_the_rate_is_that_of_the_same_step(little) -> None:
    """A rate that is far too small, at a step whose layers were not recorded."""
    study = little().step(21, learning_rate=1e-9)
    assert NAME in study.alarms()
    study.layers = study.layers[study.layers.step != 21]
    assert NAME not in study.alarms()
