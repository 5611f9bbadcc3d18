"""Gaussian means, against adaptive quadrature and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from search_spaces.theory.activations import ACTIVATIONS
from search_spaces.theory.gaussian import gaussian_mean


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


@pytest.mark.parametrize("variance", [-1.0, math.inf, math.nan])
def test_variances_that_are_none_are_refused(variance):
    with pytest.raises(ValueError, match="variance < infinity"):
        gaussian_mean(np.tanh, variance)
