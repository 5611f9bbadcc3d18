"""Variances of initial weights and biases, against what the engine draws."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from search_spaces.catalogue.initialization import INITIALIZATIONS
from search_spaces.theory.initial_variances import Fans, initial_variances
from study.engine.initializations import initialize


@pytest.mark.parametrize("name", INITIALIZATIONS)
@pytest.mark.parametrize(("inputs", "outputs"), [(256, 256), (64, 256), (256, 128)])
@pytest.mark.parametrize("kernel", [1, 3])
def test_variances_are_those_of_the_engine(name, inputs, outputs, kernel):
    hyperparameters = {
        "initialization": name,
        "init_gain": 1.3,
        "weight_std": 1.2,
        "bias_std": 0.4,
    }
    torch.manual_seed(0)
    layer = nn.Linear(inputs, outputs) if kernel == 1 else nn.Conv2d(inputs, outputs, kernel)
    drawn = initialize(layer, hyperparameters, torch.Generator().manual_seed(0))
    fans = Fans(inputs=inputs, outputs=outputs, taps=kernel**2)
    expected = initial_variances(hyperparameters, fans)
    weight = drawn["weight"].double()
    if expected.centred:
        assert name == "delta_orthogonal" and kernel == 3
        weight = weight[:, :, 1, 1]
        assert float(drawn["weight"].abs().sum()) == pytest.approx(float(weight.abs().sum()))
    assert float(weight.square().mean()) == pytest.approx(expected.weight, rel=0.03)
    # Of 128 numbers the mean square is off by 12 % at times.
    assert float(drawn["bias"].square().mean()) == pytest.approx(expected.bias, rel=0.4)


def test_absent_hyperparameters_have_the_catalogues_defaults():
    fans = Fans(inputs=50, outputs=50)
    assert initial_variances({}, fans).weight == pytest.approx(1 / 150)
    assert initial_variances({}, fans).bias == pytest.approx(1 / 150)
    mean_field = initial_variances({"initialization": "mean_field"}, fans)
    assert (mean_field.weight, mean_field.bias) == (1 / 50, 0)


def test_an_unknown_initialization_is_none():
    assert initial_variances({"initialization": "of_my_own"}, Fans(inputs=1, outputs=1)) is None


def test_mean_field_counts_by_fan_in():
    fans = Fans(inputs=16, outputs=3, taps=9)
    found = initial_variances({"initialization": "mean_field", "weight_std": 1.5}, fans)
    assert math.sqrt(found.weight * 16 * 9) == pytest.approx(1.5)
