"""What theory expects of an initialization, against networks that have it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.catalogue.initialization import INITIALIZATIONS
from search_spaces.theory.initial_variances import (
    InitialVariances,
    finite_width_variance,
    gradient_factor,
    initial_variances,
    lengths,
)
from study.engine.activations import ACTIVATIONS
from study.engine.initializations import initialize

WIDTH, DEPTH = 256, 20


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_variances_are_those_of_the_engine(name):
    hyperparameters = {
        "initialization": name,
        "init_gain": 1.3,
        "weight_std": 1.2,
        "bias_std": 0.4,
        "width": WIDTH,
    }
    torch.manual_seed(0)
    drawn = initialize(nn.Linear(WIDTH, WIDTH), hyperparameters, torch.Generator().manual_seed(0))
    expected = initial_variances(hyperparameters)
    assert WIDTH * float(drawn["weight"].square().mean()) == pytest.approx(
        expected.weight, rel=0.03
    )
    assert float(drawn["bias"].square().mean()) == pytest.approx(expected.bias, rel=0.3)


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"initialization": "of_my_own"},
        {"initialization": "mean_field", "weight_std": 1.0},
        {"initialization": "torch_default"},
        {"initialization": "small_normal"},
    ],
)
def test_what_is_unknown_is_none(hyperparameters):
    assert initial_variances(hyperparameters) is None


def measured(activation, hyperparameters, seed):
    """rms of each layer's pre-activations and of the loss gradient by them."""
    torch.manual_seed(seed)
    layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH))
    values = initialize(layers, hyperparameters, torch.Generator().manual_seed(seed))
    phi = ACTIVATIONS[activation].module()
    x, found = torch.randn(16, WIDTH), []
    for layer in range(DEPTH):
        weight, bias = (values[f"{layer}.{part}"].float() for part in ("weight", "bias"))
        found.append((x @ weight.T + bias).requires_grad_())
        x = phi(found[-1] * 1)
    loss = (x * torch.randn(16, WIDTH)).sum()
    gradients = torch.autograd.grad(loss, found)
    return [[float(t.detach().square().mean().sqrt()) for t in ts] for ts in (found, gradients)]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"initialization": "mean_field", "weight_std": 1.0, "bias_std": math.sqrt(0.05)},
        {"initialization": "he_normal"},
        {"initialization": "orthogonal"},
        {"initialization": "torch_default"},
    ],
    ids=lambda each: each["initialization"],
)
def test_gradients_of_real_networks(activation, hyperparameters):
    hyperparameters = {**hyperparameters, "width": WIDTH}
    variances = initial_variances(hyperparameters)
    errors = []
    for seed in range(3):
        rms, deltas = measured(activation, hyperparameters, seed)
        expected = lengths(activation, variances, first=rms[0] ** 2, depth=DEPTH)
        factors = [gradient_factor(activation, variances, q) for q in expected[:-1]]
        ratios = np.cumprod(factors[::-1])[::-1] / (np.array(deltas[:-1]) / deltas[-1])
        errors.append(np.log(ratios))
    assert np.abs(np.mean(errors, axis=0)).max() < math.log(2)


def test_lengths_begin_with_the_first():
    variances = InitialVariances(weight=2.0, bias=0.5)
    assert lengths("relu", variances, first=3.0, depth=3) == pytest.approx((3.0, 3.5, 4.0))


def test_finite_width():
    assert finite_width_variance([256] * 20) == pytest.approx(math.exp(20 / 256) - 1)
    assert finite_width_variance([]) == 0
