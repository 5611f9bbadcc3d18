"""Shares of Gaussian inputs against scipy, and activations that are not named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from study.verdicts.published.saturation import rms_beyond

SAGEMAKER, DEEPDIAGNOSIS = (
    "sagemaker.saturated_activation",
    "deepdiagnosis.saturated_activation",
)


@pytest.mark.parametrize(
    ("low", "high"), [(-9.4999, 9.4999), (-23.0, 16.99999), (-5.0, 5.0), (-1.0, 400.0)]
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_rms_has_the_share_outside(low: float, high: float, share: float) -> None:
    size = rms_beyond(low, high, share)
    assert norm.cdf(low / size) + norm.sf(high / size) == pytest.approx(share, rel=1e-9)


def outside(low: float, high: float, size: float) -> float:
    return float(norm.cdf(low, scale=size) + norm.sf(high, scale=size))


@pytest.mark.parametrize(
    ("activation", "size", "expected"),
    [
        # More than half beyond: +-5 from 7.41 on, +-9.5 from 14.08 on, -23 or 17 from 29.5 on.
        ("tanh", 7.3, set()),
        ("tanh", 7.5, {DEEPDIAGNOSIS}),
        ("tanh", 14.0, {DEEPDIAGNOSIS}),
        ("tanh", 14.2, {SAGEMAKER, DEEPDIAGNOSIS}),
        ("sigmoid", 7.3, set()),
        ("sigmoid", 14.2, {DEEPDIAGNOSIS}),
        ("sigmoid", 29.3, {DEEPDIAGNOSIS}),
        ("sigmoid", 29.7, {SAGEMAKER, DEEPDIAGNOSIS}),
        ("relu", 100.0, set()),
        ("selu", 100.0, set()),
    ],
)
def test_saturated_activation(little, activation: str, size: float, expected: set[str]) -> None:
    limits = {DEEPDIAGNOSIS: (-5.0, 5.0)}
    limits[SAGEMAKER] = (-23.0, 17.0) if activation == "sigmoid" else (-9.5, 9.5)
    if activation in ("tanh", "sigmoid"):
        assert {name for name, at in limits.items() if outside(*at, size) > 0.5} == expected
    study = little().trial(activation=activation)
    study.layer(2, preactivation_rms=size, saturated_fraction=0.9)
    assert study.alarms() & {SAGEMAKER, DEEPDIAGNOSIS} == expected


def test_a_normalized_layer_is_as_saturated_as_measured(little) -> None:
    """Its outputs are large, but what its activation sees has size 1."""
    study = little().trial(activation="tanh")
    study.layer(2, preactivation_rms=100.0, saturated_fraction=0.003)
    assert study.alarms().isdisjoint({SAGEMAKER, DEEPDIAGNOSIS})


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (np.tanh, {SAGEMAKER, DEEPDIAGNOSIS}),
        (lambda h: 1 / (1 + np.exp(-h)), {DEEPDIAGNOSIS}),
        (lambda h: np.where(h > 0, h, np.expm1(h)), set()),
    ],
)
@pytest.mark.parametrize("column", ["null", "absent"])
def test_an_activation_without_a_name_is_known_by_its_range(
    little, activation, expected: set[str], column: str
) -> None:
    values = activation(np.random.default_rng(0).normal(0.0, 20.0, 10_000))
    study = little().trial(activation=None)
    if column == "absent":
        study.trials = study.trials.drop(columns="activation")
    study.layer(
        2,
        preactivation_rms=20.0,
        activation_mean=values.mean(),
        activation_std=values.std(),
        saturated_fraction=0.8,
    )
    assert study.alarms() & {SAGEMAKER, DEEPDIAGNOSIS} == expected
