"""Steps of a chain, one trial after another, each while it is in the cache.

A trial's parameters, gradients, momenta and activations are about half a megabyte at depth 8 and
width 64: less than a core's own cache. So a trial takes all its steps up to the next recorded one
before the next trial begins, and everything between the products is one pass over a layer.

Axes: S steps, K trials, B examples, F features, O outputs, N parameters. Activations have units on
the first axis and examples on the second: each loop runs along the examples. A layer is then

    h = W x + b    y = f(h)    dW = delta x^T    db = sum over the examples of delta

and the delta of the layer before it is (W^T delta) * f'(its h).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from study.engine.fused.activations import activate
from study.engine.fused.losses import CROSS_ENTROPY, cross_entropy, squared_error
from study.engine.fused.updates import (
    _AGC,
    _NORM,
    _VALUE,
    clip_adaptively,
    clip_values,
    squares,
    total_of,
    update,
)

_CONTRACT = {"fastmath": {"contract"}, "error_model": "numpy"}


@njit(**_CONTRACT)
def _gather(data, rows, out):
    """Columns of data (F, N) by number, into (F, B)."""
    for f in range(data.shape[0]):
        for b in range(rows.size):
            out[f, b] = data[f, rows[b]]


@njit(**_CONTRACT)
def _add_bias(h, bias):
    for unit in range(h.shape[0]):
        for b in range(h.shape[1]):
            h[unit, b] += bias[unit]


@njit(**_CONTRACT)
def _multiply(values, factors):
    for i in range(values.size):
        values[i] *= factors[i]


@njit(**_CONTRACT)
def _forward(sizes, codes, batch, parameters, offsets, k, values, slopes):
    """Fills values behind the inputs: x_1 to x_L, and f' of each layer but the last."""
    at = 0
    for layer in range(codes.size):
        inputs, units = sizes[layer], sizes[layer + 1]
        x = values[at : at + inputs * batch].reshape(inputs, batch)
        at += inputs * batch
        flat = values[at : at + units * batch]
        h = flat.reshape(units, batch)
        start = offsets[2 * layer] + k * units * inputs
        weight = parameters[start : start + units * inputs].reshape(units, inputs)
        start = offsets[2 * layer + 1] + k * units
        np.dot(weight, x, h)
        _add_bias(h, parameters[start : start + units])
        activate(codes[layer], flat, slopes[at : at + units * batch])


@njit(**_CONTRACT)
def _turned(x, out):
    """Writes x (F, B) as (B, F), eight rows at a time: a line of the cache is filled at once."""
    rows, columns = x.shape
    whole = rows // 8 * 8
    for first in range(0, whole, 8):
        for b in range(columns):
            for f in range(first, first + 8):
                out[b, f] = x[f, b]
    for f in range(whole, rows):
        for b in range(columns):
            out[b, f] = x[f, b]
    return out


@njit(**_CONTRACT)
def _backward(sizes, codes, batch, parameters, offsets, k, values, slopes, deltas, gradient):
    """Fills the trial's gradient, parameter behind parameter; delta of the outputs is given.

    The last row of deltas is room for x^T, so that BLAS' kernels for small products serve all.
    """
    at = values.size - sizes[-1] * batch
    to = gradient.size
    for layer in range(codes.size - 1, -1, -1):
        inputs, units = sizes[layer], sizes[layer + 1]
        turn = (codes.size - 1 - layer) % 2
        delta = deltas[turn, : units * batch].reshape(units, batch)
        at -= inputs * batch
        x = values[at : at + inputs * batch].reshape(inputs, batch)
        to -= units
        for unit in range(units):
            gradient[to + unit] = total_of(delta[unit])
        to -= units * inputs
        x_turned = _turned(x, deltas[2, : inputs * batch].reshape(batch, inputs))
        np.dot(delta, x_turned, gradient[to : to + units * inputs].reshape(units, inputs))
        if layer > 0:
            start = offsets[2 * layer] + k * units * inputs
            weight = parameters[start : start + units * inputs].reshape(units, inputs)
            flat = deltas[1 - turn, : inputs * batch]
            np.dot(weight.T, delta, flat.reshape(inputs, batch))
            if codes[layer - 1] != 0:
                _multiply(flat, slopes[at : at + inputs * batch])


@njit(**_CONTRACT)
def _clip(gradient, norm, parameters, offsets, k, numbers, rows, factors):
    """Clips; returns what the gradient is yet to be multiplied by, and by what its norm shrank."""
    one = gradient.dtype.type(1)
    agc, value, limit = factors[_AGC], factors[_VALUE], factors[_NORM]
    clipped, shrunk, scale = norm, one, one
    if agc < np.inf or value < np.inf:
        at, total = 0, gradient.dtype.type(0)
        for j in range(numbers.size):
            part = gradient[at : at + numbers[j]]
            if agc < np.inf:
                start = offsets[j] + k * numbers[j]
                clip_adaptively(part, parameters[start : start + numbers[j]], rows[j], agc)
            if value < np.inf:
                clip_values(part, value)
            total += squares(part)
            at += numbers[j]
        clipped = np.sqrt(total)
        if clipped != norm:
            shrunk = clipped / norm
            if shrunk > one:
                shrunk = one
    if limit < np.inf:
        scale = limit / (clipped + gradient.dtype.type(1e-6))
        if scale > one:
            scale = one
    return scale, shrunk * (one if clipped == 0 else scale)


@njit(**_CONTRACT)
def _update(net, gradient, memory, k, rule, scale, factors):
    parameters, offsets, numbers = net
    first, second = memory
    at = 0
    for j in range(numbers.size):
        size = numbers[j]
        start = offsets[j] + k * size
        some = slice(start, start + size)
        update(
            rule,
            parameters[some],
            gradient[at : at + size],
            first[some] if first.size else first,
            second[some] if second.size else second,
            scale,
            factors,
        )
        at += size


@njit(**_CONTRACT)
def _losses(chosen, data, loss_kind, chance, delta, loss_B, metric_B):
    """Losses and metrics by example; outputs become the gradients of the mean loss by them."""
    _, labels, targets = data
    batch = chosen.size
    if loss_kind == CROSS_ENTROPY:
        own = np.empty(batch, np.int64)
        for b in range(batch):
            own[b] = labels[chosen[b]]
        largest, total = np.empty_like(loss_B), np.empty_like(loss_B)
        cross_entropy(delta, own, loss_B, metric_B, largest, total)
    else:
        wanted = np.empty_like(delta)
        _gather(targets, chosen, wanted)
        squared_error(delta, wanted, loss_B, metric_B, chance)


@njit(**_CONTRACT)
def _norms(gradient, numbers, norms):
    """Fills in the norm of each parameter's gradient; returns that of all."""
    at, total = 0, gradient.dtype.type(0)
    for j in range(numbers.size):
        square = squares(gradient[at : at + numbers[j]])
        norms[j] = np.sqrt(square)
        total += square
        at += numbers[j]
    return np.sqrt(total)


@njit(nogil=True, cache=True, **_CONTRACT)
def advance(first, last, net, data, batches, loss_kind, chance, rule, memory, factors, results):
    """Takes some of the trials through some steps; the GIL is released.

    A trial whose loss or gradient is not finite stops before the update of that step.

    Args:
        first: First of the trials.
        last: Behind the last.
        net: Layer sizes (L + 1,), codes of activations (L,), parameters, offsets of each parameter
            in them, numbers of each parameter, its rows.
        data: Inputs (F, examples), labels (examples,), targets (O, examples).
        batches: Numbers of examples, (S, K, B).
        loss_kind: CROSS_ENTROPY of labels, or SQUARED_ERROR of targets.
        chance: Loss of the best constant prediction.
        rule: Code of the optimizer's rule.
        memory: What the optimizer remembers, laid out as the parameters; empty where nothing.
        factors: Numbers of the updates, (S, K, FACTORS).
        results: Losses and metrics by example (S, K, B), losses, metrics, gradient norms and clip
            factors (4, S, K), gradient norms by parameter (S, N, K).
    """
    sizes, codes, parameters, offsets, numbers, rows = net
    loss_SxKxB, metric_SxKxB, scalars, norms = results
    steps, _, batch = batches.shape
    dtype = parameters.dtype
    values = np.empty(sizes.sum() * batch, dtype)
    slopes = np.empty_like(values)
    deltas = np.empty((3, sizes.max() * batch), dtype)
    gradient = np.empty(numbers.sum(), dtype)
    inputs = values[: sizes[0] * batch].reshape(sizes[0], batch)
    outputs = values[values.size - sizes[-1] * batch :]
    delta = deltas[0, : outputs.size].reshape(sizes[-1], batch)
    for k in range(first, last):
        for s in range(steps):
            loss_B, metric_B = loss_SxKxB[s, k], metric_SxKxB[s, k]
            _gather(data[0], batches[s, k], inputs)
            _forward(sizes, codes, batch, parameters, offsets, k, values, slopes)
            deltas[0, : outputs.size] = outputs
            _losses(batches[s, k], data, loss_kind, chance, delta, loss_B, metric_B)
            _backward(
                sizes, codes, batch, parameters, offsets, k, values, slopes, deltas, gradient
            )
            norm = _norms(gradient, numbers, norms[s, :, k])
            loss = total_of(loss_B) / dtype.type(batch)
            own = factors[s, k]
            scale, shrunk = _clip(gradient, norm, parameters, offsets, k, numbers, rows, own)
            scalars[0, s, k] = loss
            scalars[1, s, k] = total_of(metric_B) / dtype.type(batch)
            scalars[2, s, k] = norm
            scalars[3, s, k] = shrunk
            if not (np.isfinite(loss) and np.isfinite(norm)):
                break
            _update((parameters, offsets, numbers), gradient, memory, k, rule, scale, own)
