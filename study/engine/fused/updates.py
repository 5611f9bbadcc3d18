"""Clipping and update of one trial's parameters.

All parameters of a trial and what its optimizer remembers of them are rows of one number each;
`factors` are the numbers of one step and trial, in the order of FACTORS. Formulas are those of
study/engine/clipping and study/engine/optimizers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from study.engine.optimizers.adagrad import Adagrad
from study.engine.optimizers.adam import Adam
from study.engine.optimizers.adamw import AdamW
from study.engine.optimizers.rmsprop import RmsProp
from study.engine.optimizers.sgd import Sgd

FACTORS = (
    "rate",
    "momentum",
    "arriving",
    "mean",
    "square",
    "epsilon",
    "kept",
    "coupled_decay",
    "clip_agc",
    "clip_value",
    "clip_norm",
)
"""Numbers of one step and trial, by column; the first seven are a rule's own."""

RULES: dict[type, int] = {Sgd: 0, RmsProp: 2, Adagrad: 3, Adam: 4, AdamW: 4}
"""Codes of the optimizers' rules; 1 is sgd with Nesterov's momentum."""
NESTEROV = 1

_RATE, _MOMENTUM, _ARRIVING, _MEAN, _SQUARE, _EPSILON, _KEPT, _DECAY = range(8)
_AGC, _VALUE, _NORM = 8, 9, 10

_CONTRACT = {"fastmath": {"contract"}, "error_model": "numpy"}
_SUM = {"fastmath": {"contract", "reassoc", "nsz"}, "error_model": "numpy"}
"""Sums whose order is left to the compiler, which then takes several numbers at once."""


@njit(**_SUM)
def squares(values):
    """Sum of squares."""
    total = values.dtype.type(0)
    for i in range(values.size):
        total += values[i] * values[i]
    return total


@njit(**_SUM)
def total_of(values):
    """Sum."""
    total = values.dtype.type(0)
    for i in range(values.size):
        total += values[i]
    return total


@njit(**_CONTRACT)
def clip_adaptively(gradient, parameter, rows, limit):
    """Scales each of the rows down to `limit` times its parameters' length."""
    n = gradient.size // rows
    smallest = gradient.dtype.type(1e-3)
    for row in range(rows):
        part = gradient[row * n : (row + 1) * n]
        longest = np.sqrt(squares(parameter[row * n : (row + 1) * n]))
        longest = limit * (longest if not longest < smallest else smallest)
        length = np.sqrt(squares(part))
        if length > longest:
            factor = longest / length
            for i in range(n):
                part[i] *= factor


@njit(**_CONTRACT)
def clip_values(gradient, limit):
    """Brings every number into [-limit, limit]; NaN stays."""
    for i in range(gradient.size):
        g = gradient[i]
        g = limit if g > limit else g
        gradient[i] = -limit if g < -limit else g


@njit(**_CONTRACT)
def _sgd(p, g, memory, nesterov, factors):
    rate, momentum = factors[_RATE], factors[_MOMENTUM]
    if memory.size == 0:
        for i in range(p.size):
            p[i] -= rate * g[i]
        return
    for i in range(p.size):
        m = g[i] + momentum * memory[i]
        memory[i] = m
        p[i] -= rate * (g[i] + momentum * m if nesterov else m)


@njit(**_CONTRACT)
def _rmsprop(p, g, square, memory, factors):
    arriving, epsilon = factors[_ARRIVING], factors[_EPSILON]
    for i in range(p.size):
        v = square[i] + arriving * (g[i] * g[i] - square[i])
        square[i] = v
        g[i] = g[i] / (np.sqrt(v) + epsilon)
    _sgd(p, g, memory, False, factors)


@njit(**_CONTRACT)
def _adagrad(p, g, total, factors):
    rate, epsilon = factors[_RATE], factors[_EPSILON]
    for i in range(p.size):
        v = total[i] + g[i] * g[i]
        total[i] = v
        p[i] -= rate * (g[i] / (np.sqrt(v) + epsilon))


@njit(**_CONTRACT)
def _adam(p, g, mean, square, factors):
    rate, epsilon, kept = factors[_RATE], factors[_EPSILON], factors[_KEPT]
    for i in range(p.size):
        m = mean[i] + factors[_MEAN] * (g[i] - mean[i])
        v = square[i] + factors[_SQUARE] * (g[i] * g[i] - square[i])
        mean[i] = m
        square[i] = v
        p[i] = kept * p[i] - rate * (m / (np.sqrt(v) + epsilon))


@njit(**_CONTRACT)
def update(rule, p, g, first, second, scale, factors):
    """Updates one parameter and what is remembered of it in place.

    Args:
        rule: Code of the optimizer's rule.
        p: Parameter.
        g: Gradient, to be multiplied by `scale`; it is overwritten.
        first: Momentum (sgd), square (rmsprop, adagrad) or mean (adam); a momentum that nobody
            uses is empty.
        second: Momentum (rmsprop) or square (adam).
        scale: Of the clipping.
        factors: (FACTORS,).
    """
    decay = factors[_DECAY]
    if scale != 1:
        for i in range(g.size):
            g[i] *= scale
    if decay != 0:
        for i in range(g.size):
            g[i] += decay * p[i]
    if rule <= NESTEROV:
        _sgd(p, g, first, rule == NESTEROV, factors)
    elif rule == 2:
        _rmsprop(p, g, first, second, factors)
    elif rule == 3:
        _adagrad(p, g, first, factors)
    else:
        _adam(p, g, first, second, factors)
