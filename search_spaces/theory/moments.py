"""Gaussian means of an activation as functions of the length q, tabulated once.

An integral takes tens of microseconds, and a network needs some for every layer of every trial.
Tables are splines over ln q; they agree with the integrals to a relative 2e-6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from search_spaces.theory.activations import Activation, Array, Function, activation_named
from search_spaces.theory.gaussian import gaussian_mean

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

_LOW, _HIGH = np.log(1e-10), np.log(1e10)
"""Beyond these the means are nearly powers of q: phi is linear near 0, linear or constant at large
arguments."""

_AT = np.linspace(_LOW, _HIGH, 641)
SMALLEST_LENGTH = 1e-250
"""A smaller q is 0."""

Table = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Means over h ~ N(0, q), elementwise in arrays of q; each table is made when needed.

    For q = 0 h is 0 itself, where a kink has the slope that torch's autograd takes.
    """

    phi: Activation

    @cached_property
    def square(self) -> Table:
        """E[phi(h)^2]."""
        return self._power(lambda h: self.phi.function(h) ** 2)

    @cached_property
    def slope(self) -> Table:
        """E[phi'(h)^2]."""
        return self._power(lambda h: self.phi.derivative(h) ** 2)

    @cached_property
    def fourth_slope(self) -> Table:
        """E[phi'(h)^4]."""
        return self._power(lambda h: self.phi.derivative(h) ** 4)

    @cached_property
    def mean(self) -> Table:
        """E[phi(h)], tabulated as a share of its root mean square, since it may be 0."""
        square = self.square
        share = _spline(self._means(self.phi.function) / np.sqrt(square(np.exp(_AT))))

        def table(q: Array) -> Array:
            here = np.clip(_log(q), _LOW, _HIGH)
            return np.asarray(share(here) * np.sqrt(square(q)))

        return table

    def _power(self, function: Function) -> Table:
        """Tabulates a positive function's mean: its logarithm is smooth, straight at both ends."""
        spline = _spline(np.log(self._means(function)))
        first, last = spline.derivative()(np.array([_LOW, _HIGH]))
        at_zero = function(np.zeros(1))[0]

        def table(q: Array) -> Array:
            here = _log(q)
            # Powers of q at both ends: straight lines in the logarithms.
            below, above = np.minimum(here - _LOW, 0), np.maximum(here - _HIGH, 0)
            inside = spline(np.clip(here, _LOW, _HIGH))
            return np.where(q == 0, at_zero, np.exp(inside + first * below + last * above))

        return table

    def _means(self, function: Function) -> Array:
        return np.array([gaussian_mean(function, float(np.exp(at)), self.phi.kinks) for at in _AT])


def _spline(values: Array) -> CubicSpline:
    """A smooth line through the values at `_AT`."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(_AT, values)


def _log(q: Array) -> Array:
    return np.asarray(np.log(np.maximum(q, SMALLEST_LENGTH)))


@lru_cache(maxsize=32)
def moments(activation: str) -> Moments:
    """Returns the tables of an activation.

    Raises:
        InputError: If the activation is unknown.
    """
    return Moments(phi=activation_named(activation))
