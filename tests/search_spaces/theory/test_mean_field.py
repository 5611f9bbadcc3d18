"""Mean-field theory, against published numbers, closed forms and second ways to compute."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search_spaces.theory.activations import ACTIVATIONS
from search_spaces.theory.criticality import critical_weight_variance
from search_spaces.theory.mean_field import (
    chi,
    correlation_map,
    correlation_slope,
    depth_scale,
    fixed_length,
    length_map,
    length_slope,
    mean_field,
)

Z = np.arange(-12, 12, 0.004)
DENSITY = np.exp(-Z * Z / 2) * 0.004 / math.sqrt(2 * math.pi)


def test_the_critical_point_of_tanh():
    critical = critical_weight_variance("tanh", 0.05)
    assert critical == pytest.approx(1.760955, abs=1e-6)
    assert fixed_length("tanh", critical, 0.05) == pytest.approx(0.570048, abs=1e-6)
    assert mean_field("tanh", critical, 0.05).chi_1 == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("weight_variance", "chi_1", "xi"),
    [(1.0, 0.759032, 3.63), (1.5, 0.938636, 15.8), (2.5, 1.133516, 7.98), (4.0, 1.342402, 3.40)],
)
def test_gradients_of_tanh(weight_variance, chi_1, xi):
    found = mean_field("tanh", weight_variance, 0.05)
    assert found.chi_1 == pytest.approx(chi_1, abs=1e-6)
    assert found.xi_gradient == pytest.approx(xi, rel=2e-3)
    assert found.trainable_depth == pytest.approx(6 * min(found.xi_gradient, found.xi_c))


@pytest.mark.parametrize("weight_variance", [0.5, 1.0, 1.9, 2.0, 3.0])
@pytest.mark.parametrize("bias_variance", [0.0, 0.1])
def test_relu_in_closed_form(weight_variance, bias_variance):
    found = mean_field("relu", weight_variance, bias_variance)
    assert found.chi_1 == pytest.approx(weight_variance / 2, abs=1e-10)
    if weight_variance < 2:
        assert found.length == pytest.approx(bias_variance / (1 - weight_variance / 2))
    elif weight_variance == 2 and bias_variance == 0:
        assert (found.length, found.xi_gradient) == (1.0, math.inf)
    else:
        assert found.length == math.inf
        assert found.correlation is None and found.xi_c is None
    assert critical_weight_variance("relu", bias_variance) == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_maps_are_means_over_random_numbers(name):
    phi, q = ACTIVATIONS[name], 1.7
    h = math.sqrt(q) * np.random.default_rng(0).standard_normal(50_000)
    for ours, draws in [
        (length_map(name, 1.5, 0.1, q), 1.5 * phi.function(h) ** 2 + 0.1),
        (chi(name, 1.5, q), 1.5 * phi.derivative(h) ** 2),
    ]:
        assert abs(ours - draws.mean()) <= 4 * draws.std() / math.sqrt(len(h)) + 1e-12


def by_hermite(name, correlation):
    """E[phi(h_1) phi(h_2)] at q = 1, from the Hermite coefficients a_k of phi: sum a_k^2 c^k.

    Mehler's formula. Coefficients are sums over a grid that has all kinks on its nodes.
    """
    z = np.arange(-13_000, 13_001) / 1000
    density = np.exp(-z * z / 2) / 1000 / math.sqrt(2 * math.pi)
    phi = ACTIVATIONS[name].function(z)
    before, polynomial, total = np.zeros_like(z), np.ones_like(z), 0.0
    for k in range(80):
        total += np.sum(density * phi * polynomial) ** 2 * correlation**k
        following = (z * polynomial - math.sqrt(k) * before) / math.sqrt(k + 1)
        before, polynomial = polynomial, following
    return total


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_maps_of_every_activation_to_five_digits(name):
    """q-map, chi and c-map at q = 1."""
    z = np.arange(-13_000, 13_000) / 1000 + 5e-4
    density = np.exp(-z * z / 2) / 1000 / math.sqrt(2 * math.pi)
    square = np.sum(density * ACTIVATIONS[name].function(z) ** 2)
    slope = np.sum(density * ACTIVATIONS[name].derivative(z) ** 2)
    assert length_map(name, 1.3, 0.2, 1.0) == pytest.approx(1.3 * square + 0.2, rel=1e-5)
    assert chi(name, 1.3, 1.0) == pytest.approx(1.3 * slope, rel=1e-5)
    for c in (-0.6, 0.3, 0.7):
        expected = (1.3 * by_hermite(name, c) + 0.2) / (1.3 * square + 0.2)
        assert correlation_map(name, 1.3, 0.2, 1.0, c) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_fixed_points_are_where_the_map_leads_and_slopes_are_its_differences(name):
    q = 1.0
    for _ in range(300):
        q = length_map(name, 0.8, 0.2, q)
    found = mean_field(name, 0.8, 0.2)
    assert found.length == pytest.approx(q, rel=1e-9)
    step = 1e-4 * q
    rise = length_map(name, 0.8, 0.2, q + step) - length_map(name, 0.8, 0.2, q - step)
    assert length_slope(name, 0.8, q) == pytest.approx(rise / (2 * step), rel=1e-5)
    assert found.xi_q == pytest.approx(depth_scale(rise / (2 * step)), rel=1e-4)
    ahead, behind = (correlation_map(name, 0.8, 0.2, q, c) for c in (0.3001, 0.2999))
    assert correlation_slope(name, 0.8, q, 0.3) == pytest.approx((ahead - behind) / 2e-4, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "weight_variance"), [("tanh", 3.0), ("hardtanh", 3.0), ("softsign", 12.0)]
)
def test_correlations_settle_where_the_map_leads(name, weight_variance):
    found = mean_field(name, weight_variance, 0.05)
    assert found.chi_1 > 1 > found.correlation
    c = 0.9
    for _ in range(100):
        c = correlation_map(name, weight_variance, 0.05, found.length, c)
    assert found.correlation == pytest.approx(c, abs=1e-4)


def test_correlations_go_to_one_in_the_ordered_phase():
    found = mean_field("tanh", 1.0, 0.05)
    assert found.correlation == 1
    assert found.xi_c == found.xi_gradient


def test_lengths_that_shrink_to_nothing():
    found = mean_field("tanh", 0.5, 0.0)
    assert (found.length, found.correlation, found.xi_q) == (0.0, None, None)
    assert found.chi_1 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "critical"), [("identity", 1.0), ("tanh", 1.0), ("leaky_relu", 2 / (1 + 0.01**2))]
)
def test_critical_weights_without_biases(name, critical):
    assert critical_weight_variance(name, 0.0) == pytest.approx(critical, abs=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_vanish_below_critical_weights_and_explode_above(name):
    critical = critical_weight_variance(name, 0.05)
    assert critical is not None
    assert mean_field(name, 0.98 * critical, 0.05).chi_1 < 1
    assert mean_field(name, 1.02 * critical, 0.05).chi_1 > 1


def test_sigmoid_is_critical_at_huge_weights_alone():
    """By the trapezoidal rule. Below that gradients vanish, with He and Xavier at 2 and 1."""
    critical = critical_weight_variance("sigmoid", 0.0)
    assert 100 < critical < 110
    q = 1.0
    for _ in range(300):
        q = critical * np.sum(DENSITY / (1 + np.exp(-math.sqrt(q) * Z)) ** 2)
    values = 1 / (1 + np.exp(-math.sqrt(q) * Z))
    slope = critical * np.sum(DENSITY * (values * (1 - values)) ** 2)
    assert slope == pytest.approx(1, abs=1e-7)
    assert critical == pytest.approx(103, abs=0.5)


def test_there_may_be_no_critical_weights():
    assert critical_weight_variance("tanh", 1e9) is None


def test_variances_that_are_none_are_refused():
    with pytest.raises(ValueError, match="weight_variance > 0"):
        fixed_length("tanh", 0.0, 0.0)
    with pytest.raises(ValueError, match="factor >= 0"):
        depth_scale(-1.0)
    assert depth_scale(0.0) == 0
