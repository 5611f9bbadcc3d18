"""The catalogue's activations and their slopes, of a whole layer at once.

Each writes y = f(h) over h and f'(h) beside it, so that the backward pass is one product.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from study.engine.fused.functions import erf, exp, expm1, log1p

CODES = {
    name: code
    for code, name in enumerate(
        (
            "identity",
            "relu",
            "tanh",
            "sigmoid",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "silu",
            "softsign",
            "softplus",
            "mish",
            "hardtanh",
            "erf",
        )
    )
}
"""Numbers of the activations among ACTIVATIONS; a layer without one has that of identity."""

_CONTRACT = {"fastmath": {"contract"}, "error_model": "numpy"}


@njit(**_CONTRACT)
def _bent(h, slope, low, high):
    """Of relu (low 0), leaky_relu (low 0.01)."""
    for i in range(h.size):
        x = h[i]
        d = low if x <= 0 else high
        slope[i] = d
        h[i] = 0 * low if (x <= 0 and low == 0) else x * d


@njit(**_CONTRACT)
def _tanh(h, slope, one):
    two = one + one
    for i in range(h.size):
        e = expm1(two * h[i])
        y = e / (e + two)
        h[i] = y
        slope[i] = one - y * y


@njit(**_CONTRACT)
def _sigmoid(h, slope, one):
    for i in range(h.size):
        y = one / (one + exp(-h[i]))
        h[i] = y
        slope[i] = y * (one - y)


@njit(**_CONTRACT)
def _elu(h, slope, alpha, scale):
    low = alpha * scale
    for i in range(h.size):
        x = h[i]
        below = low * expm1(x)
        h[i] = below if x <= 0 else scale * x
        slope[i] = below + low if x <= 0 else scale


@njit(**_CONTRACT)
def _gelu(h, slope, one, root, density):
    half = one / (one + one)
    for i in range(h.size):
        x = h[i]
        share = half * (one + erf(x * root))
        h[i] = x * share
        slope[i] = share + x * density * exp(-half * x * x)


@njit(**_CONTRACT)
def _silu(h, slope, one):
    for i in range(h.size):
        x = h[i]
        y = one / (one + exp(-x))
        h[i] = x * y
        slope[i] = y * (one + x * (one - y))


@njit(**_CONTRACT)
def _softsign(h, slope, one):
    for i in range(h.size):
        x = h[i]
        part = one / (one + abs(x))
        h[i] = x * part
        slope[i] = part * part


@njit(**_CONTRACT)
def _softplus(h, slope, one):
    zero, linear = one - one, one * 20
    for i in range(h.size):
        x = h[i]
        e = exp(-abs(x))
        y = (x if x > 0 else zero) + log1p(e)
        h[i] = x if x > linear else y
        part = one / (one + e)
        slope[i] = one if x > linear else (part if x > 0 else e * part)


@njit(**_CONTRACT)
def _mish(h, slope, one):
    two = one + one
    for i in range(h.size):
        x = h[i]
        u = exp(-abs(x))
        # tanh(ln(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2), both divided by e^2x for x > 0
        n = one + two * u if x > 0 else u * (u + two)
        t = n / (n + (two * u * u if x > 0 else two))
        h[i] = x * t
        slope[i] = t + x * (one - t * t) * ((one if x > 0 else u) / (one + u))


@njit(**_CONTRACT)
def _hardtanh(h, slope, one):
    zero = one - one
    for i in range(h.size):
        x = h[i]
        y = one if x > one else (-one if x < -one else x)
        h[i] = y
        slope[i] = zero if (y >= one or y <= -one) else one


@njit(**_CONTRACT)
def _erf(h, slope, steepest):
    for i in range(h.size):
        x = h[i]
        h[i] = erf(x)
        slope[i] = steepest * exp(-x * x)


@njit
def activate(code, h, slope):
    """Applies an activation to pre-activations in place.

    Args:
        code: One of `CODES`; identity leaves both as they are.
        h: Pre-activations, flat.
        slope: Gets the derivatives.
    """
    one = h.dtype.type(1)
    if code == 1:
        _bent(h, slope, h.dtype.type(0), one)
    elif code == 2:
        _tanh(h, slope, one)
    elif code == 3:
        _sigmoid(h, slope, one)
    elif code == 4:
        _bent(h, slope, h.dtype.type(0.01), one)
    elif code == 5:
        _elu(h, slope, one, one)
    elif code == 6:
        alpha, scale = h.dtype.type(1.6732632423543772), h.dtype.type(1.0507009873554805)
        _elu(h, slope, alpha, scale)
    elif code == 7:
        root, density = h.dtype.type(np.sqrt(0.5)), h.dtype.type(1 / np.sqrt(2 * np.pi))
        _gelu(h, slope, one, root, density)
    elif code == 8:
        _silu(h, slope, one)
    elif code == 9:
        _softsign(h, slope, one)
    elif code == 10:
        _softplus(h, slope, one)
    elif code == 11:
        _mish(h, slope, one)
    elif code == 12:
        _hardtanh(h, slope, one)
    elif code == 13:
        _erf(h, slope, h.dtype.type(2 / np.sqrt(np.pi)))
