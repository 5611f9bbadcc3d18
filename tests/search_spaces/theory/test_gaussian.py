"""Gaussian means, against adaptive quadrature and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from search_spaces.theory.activations import ACTIVATIONS
from search_spaces.theory.gaussian import gaussian_mean, gaussian_pair_mean


def by_adaptive_quadrature(function, variance, kinks):
    scale = math.sqrt(variance)
    points = sorted({0.0, *(k / scale for k in kinks), *(b / scale for b in (-30, -3, 3, 30))})

    def density(z):
        return float(function(np.float64(scale * z))) * math.exp(-z * z / 2)

    points = [-12.0, *(point for point in points if abs(point) < 12), 12.0]
    parts = [
        quad(density, low, high, epsabs=0, epsrel=1e-12, limit=200)[0]
        for low, high in zip(points[:-1], points[1:], strict=True)
    ]
    return sum(parts) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("variance", [1e-3, 0.7, 1e5])
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_means_of_every_activation_and_slope(name, variance):
    phi = ACTIVATIONS[name]
    for function in (phi.function, phi.derivative):
        ours = gaussian_mean(lambda h, f=function: f(h) ** 2, variance, phi.kinks)
        theirs = by_adaptive_quadrature(lambda h, f=function: f(h) ** 2, variance, phi.kinks)
        assert ours == pytest.approx(theirs, rel=1e-8)


def test_at_variance_zero_both_sides_of_a_kink_count():
    assert gaussian_mean(ACTIVATIONS["relu"].derivative, 0.0, (0.0,)) == pytest.approx(0.5)


CORRELATIONS = [-1.0, -0.6, 0.0, 1e-4, 0.5, 0.99, 1 - 1e-6, 1.0]


@pytest.mark.parametrize("c", CORRELATIONS)
@pytest.mark.parametrize("variance", [0.04, 1.0, 50.0])
def test_pairs_of_relu_have_the_arc_cosine_kernels(c, variance):
    """Cho and Saul, NIPS 2009, eqs. 3-6, of orders 1 and 0."""
    angle = math.acos(c)
    first = (math.sin(angle) + (math.pi - angle) * c) / (2 * math.pi)
    zeroth = (math.pi - angle) / (2 * math.pi)
    relu = ACTIVATIONS["relu"]
    ours = gaussian_pair_mean(relu.function, variance, c, relu.kinks)
    assert ours == pytest.approx(variance * first, rel=1e-8, abs=1e-8)
    ours = gaussian_pair_mean(relu.derivative, variance, c, relu.kinks)
    assert ours == pytest.approx(zeroth, abs=1e-8)


@pytest.mark.parametrize("c", [-0.6, 0.0, 0.5, 0.99])
def test_pairs_of_hardtanhs_slope_are_a_probability(c):
    hardtanh = ACTIVATIONS["hardtanh"]
    normal = multivariate_normal([0, 0], 2.0 * np.array([[1, c], [c, 1]]))
    inside = normal.cdf([1, 1], lower_limit=[-1, -1])
    ours = gaussian_pair_mean(hardtanh.derivative, 2.0, c, hardtanh.kinks)
    assert ours == pytest.approx(inside, abs=1e-7)


@pytest.mark.parametrize("name", ["tanh", "erf", "sigmoid", "gelu", "silu", "mish"])
@pytest.mark.parametrize("c", [-0.6, 0.3, 0.95])
def test_pairs_of_smooth_functions(name, c):
    """The trapezoidal rule converges exponentially for them."""
    phi = ACTIVATIONS[name].function
    z = np.arange(-10, 10.01, 0.05)
    weights = np.exp(-z * z / 2) * 0.05 / math.sqrt(2 * math.pi)
    other = c * z[:, None] + math.sqrt(1 - c * c) * z
    direct = weights @ (phi(math.sqrt(1.5) * z)[:, None] * phi(math.sqrt(1.5) * other)) @ weights
    assert gaussian_pair_mean(phi, 1.5, c) == pytest.approx(direct, abs=1e-8)


@pytest.mark.parametrize("variance", [-1.0, math.inf, math.nan])
def test_variances_that_are_none_are_refused(variance):
    with pytest.raises(ValueError, match="variance < infinity"):
        gaussian_mean(np.tanh, variance)


def test_correlations_that_are_none_are_refused():
    with pytest.raises(ValueError, match="correlation <= 1"):
        gaussian_pair_mean(np.tanh, 1.0, 1.1)
