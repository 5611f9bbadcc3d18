"""How smooth the logit of stable is taken to be, before and after the trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.smoothing.axis import Axis
from analysis.smoothing.basis import Basis, functions, product_basis

Floats = NDArray[np.float64]

SCALE = (math.log(5.0), 0.8)
"""Standard deviation of the logit, log-normal: (mean, standard deviation) of its logarithm."""

LENGTH = (math.log(0.7), 0.8)
"""Distance along a range, from end to end 1, over which the logit changes; log-normal."""

LIKENESS = (0.5, 1.5)
"""Logit of the correlation between two names; normal."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """The kernel scale^2 k_x(x, x') k_y(y, y') over two axes.

    On a range k is Matern's of smoothness 5/2, (1 + r + r^2 / 3) exp(-r) with r = sqrt(5) distance
    / length: less smooth than the usual squared exponential, so that a plateau may end in a step.
    Between names it is one number: near 1 they are pooled, near 0 each stands for itself. Its
    parameters are unbounded numbers, normal a priori [H]: ln of the scale, then for each axis with
    more than one node ln of the length, or the logit of the names' correlation.

    Attributes:
        x: First axis.
        y: Second axis.
        x_at: Grid points along x [X].
        y_at: Grid points along y [Y].
    """

    x: Axis
    y: Axis
    x_at: Floats
    y_at: Floats

    @property
    def mean(self) -> Floats:
        """Prior means of the parameters [H]."""
        return np.array([SCALE[0], *(_parameter(axis)[0] for axis in self._free)])

    @property
    def deviation(self) -> Floats:
        """Prior standard deviations of the parameters [H]."""
        return np.array([SCALE[1], *(_parameter(axis)[1] for axis in self._free)])

    @property
    def _free(self) -> list[Axis]:
        return [axis for axis in (self.x, self.y) if len(axis.nodes) > 1]

    def basis(self, parameters: Floats) -> Basis:
        """Returns the basis functions on the grid."""
        return self.basis_at(parameters, self.x_at, self.y_at)

    def basis_at(self, parameters: Floats, x_at: Floats, y_at: Floats) -> Basis:
        """Returns the same basis functions, in the same order, at other points."""
        rest = list(parameters[1:])
        tables = []
        for axis, grid, points in ((self.x, self.x_at, x_at), (self.y, self.y_at, y_at)):
            value = rest.pop(0) if len(axis.nodes) > 1 else 0.0
            nodes = functions(_kernel(axis, axis.nodes, axis.nodes, value))
            own = _kernel(axis, grid, axis.nodes, value) @ nodes
            same = points is grid
            tables.append((own, own if same else _kernel(axis, points, axis.nodes, value) @ nodes))
        (own_x, other_x), (own_y, other_y) = tables
        scale = math.exp(parameters[0])
        # Which products are kept is decided on the prior's own grid, so that coefficients fitted
        # there mean the same functions at any other points.
        return product_basis(own_x, own_y, scale).at(scale * other_x, other_y)


def _parameter(axis: Axis) -> tuple[float, float]:
    return LIKENESS if axis.names else LENGTH


def _kernel(axis: Axis, a: Floats, b: Floats, parameter: float) -> Floats:
    distance = np.abs(a[:, None] - b[None, :])
    if axis.names:
        return np.where(distance == 0, 1.0, 1 / (1 + math.exp(-parameter)))
    r = math.sqrt(5) * distance / math.exp(parameter)
    return np.asarray((1 + r + r**2 / 3) * np.exp(-r))
