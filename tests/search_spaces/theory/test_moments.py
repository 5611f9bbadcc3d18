"""Tables of Gaussian means, against the integrals that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.errors import InputError
from search_spaces.theory.activations import ACTIVATIONS
from search_spaces.theory.gaussian import gaussian_mean
from search_spaces.theory.moments import moments


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_tables_agree_with_the_integrals(name):
    phi, tables = ACTIVATIONS[name], moments(name)
    for q in np.exp(np.random.default_rng(0).uniform(np.log(1e-9), np.log(1e9), 60)):
        for table, function in [
            (tables.square, lambda h: phi.function(h) ** 2),
            (tables.slope, lambda h: phi.derivative(h) ** 2),
            (tables.fourth_slope, lambda h: phi.derivative(h) ** 4),
        ]:
            integral = gaussian_mean(function, q, phi.kinks)
            assert float(table(np.asarray(q))) == pytest.approx(integral, rel=1e-5)
        mean = gaussian_mean(phi.function, q, phi.kinks)
        size = float(np.sqrt(tables.square(np.asarray(q))))
        assert float(tables.mean(np.asarray(q))) == pytest.approx(mean, abs=1e-5 * size)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_beyond_the_tables_means_go_on_as_powers(name):
    phi, tables = ACTIVATIONS[name], moments(name)
    for q in (1e-11, 1e11):
        integral = gaussian_mean(lambda h: phi.function(h) ** 2, q, phi.kinks)
        assert float(tables.square(np.asarray(q))) == pytest.approx(integral, rel=1e-3)
    assert float(moments("tanh").square(np.asarray(1e-200))) == pytest.approx(1e-200, rel=1e-6)
    assert float(moments("relu").slope(np.asarray(1e200))) == pytest.approx(0.5)


def test_without_any_signal_h_is_0_itself():
    q = np.array([0.0, 1.0])
    assert moments("relu").slope(q) == pytest.approx([0, 0.5])
    assert moments("tanh").slope(q)[0] == 1
    assert moments("sigmoid").square(q)[0] == pytest.approx(0.25)


def test_unknown_activations_are_named():
    with pytest.raises(InputError, match="rleu"):
        moments("rleu")
