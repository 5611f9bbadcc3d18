"""Gated recurrent layers over all time steps, one trial after another.

Between the products of a time step there is one pass over the gates, where torch makes a dozen;
formulas are those of `LstmKernel` and `GruKernel` in study/engine/networks/.

Axes: K trials, B examples, T time steps, F numbers in an input, H units, G = 4 H numbers in a
pre-activation, I = F + 1 + H numbers in a joined input (x_t, 1, h_{t-1}).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from study.engine.fused.functions import exp, expm1

LSTM, GRU = 0, 1
"""Codes of cells."""

_CONTRACT = {"fastmath": {"contract"}, "error_model": "numpy"}


@njit(**_CONTRACT)
def _sigmoid(a, one):
    for i in range(a.size):
        a[i] = one / (one + exp(-a[i]))


@njit(**_CONTRACT)
def _lstm(a, memory_before, memory, memory_tanh, hidden):
    """Gates i, f, g, o in place of their pre-activations; c_t, tanh(c_t), h_t. Of an example."""
    one = a.dtype.type(1)
    two, units = one + one, hidden.size
    _sigmoid(a[: 2 * units], one)
    _sigmoid(a[3 * units :], one)
    i_gate, f_gate, g, o_gate = _quarters(a)
    for i in range(units):
        e = expm1(two * g[i])
        g[i] = e / (e + two)
    for i in range(units):
        c = i_gate[i] * g[i] + f_gate[i] * memory_before[i]
        e = expm1(two * c)
        y = e / (e + two)
        memory[i] = c
        memory_tanh[i] = y
        hidden[i] = o_gate[i] * y


@njit(**_CONTRACT)
def _lstm_delta(a, memory_before, memory_tanh, by_hidden, by_memory, delta):
    """Delta of an example; by_memory is carried on, nothing passes beside the weights."""
    one = a.dtype.type(1)
    i_gate, f_gate, g, o_gate = _quarters(a)
    by_i, by_f, by_g, by_o = _quarters(delta)
    for i in range(by_hidden.size):
        y, o = memory_tanh[i], o_gate[i]
        by_o[i] = by_hidden[i] * y * (o * (one - o))
        by_c = by_memory[i] + by_hidden[i] * o * (one - y * y)
        by_i[i] = by_c * g[i] * (i_gate[i] * (one - i_gate[i]))
        by_f[i] = by_c * memory_before[i] * (f_gate[i] * (one - f_gate[i]))
        by_g[i] = by_c * i_gate[i] * (one - g[i] * g[i])
        by_memory[i] = by_c * f_gate[i]
        by_hidden[i] = 0


@njit(**_CONTRACT)
def _gru(a, hidden_before, hidden):
    """r, z, n in place of a_r, a_z, u; v stays. Of an example."""
    one = a.dtype.type(1)
    two, units = one + one, hidden.size
    _sigmoid(a[: 2 * units], one)
    reset, update, new, new_h = _quarters(a)
    for i in range(units):
        e = expm1(two * (new[i] + reset[i] * new_h[i]))
        n = e / (e + two)
        new[i] = n
        hidden[i] = n + update[i] * (hidden_before[i] - n)


@njit(**_CONTRACT)
def _gru_delta(a, hidden_before, by_hidden, delta):
    """Delta of an example; what passes beside the weights stays in by_hidden."""
    one = a.dtype.type(1)
    reset, update, new, new_h = _quarters(a)
    by_reset, by_update, by_new, by_new_h = _quarters(delta)
    for i in range(by_hidden.size):
        r, z, n, by_h = reset[i], update[i], new[i], by_hidden[i]
        by_n = (by_h - by_h * z) * (one - n * n)
        by_reset[i] = by_n * new_h[i] * (r * (one - r))
        by_update[i] = by_h * (hidden_before[i] - n) * (z * (one - z))
        by_new[i] = by_n
        by_new_h[i] = by_n * r
        by_hidden[i] = by_h * z


@njit(**_CONTRACT)
def _quarters(row):
    units = row.size // 4
    return row[:units], row[units : 2 * units], row[2 * units : 3 * units], row[3 * units :]


@njit(nogil=True, cache=True, **_CONTRACT)
def scan(first, last, cell, joined, weight_KxIxG, kept):
    """Fills hidden states and what is kept of some trials; the GIL is released.

    Args:
        first: First of the trials.
        last: Behind the last.
        cell: LSTM or GRU.
        joined: Joined inputs (K, T + 1, B, I); the hidden state before the first step is given.
        weight_KxIxG: The joined weight.
        kept: Gates (K, T, B, G), memory and its tanh (K, T, B, H); the latter empty for GRU.
    """
    gates, memory, memory_tanh = kept
    _, length, batch, width = gates.shape
    units = width // 4
    at = joined.shape[3] - units
    nothing = np.zeros(units, joined.dtype)
    for k in range(first, last):
        for t in range(length):
            np.dot(joined[k, t], weight_KxIxG[k], gates[k, t])
            for b in range(batch):
                hidden = joined[k, t + 1, b, at:]
                if cell == LSTM:
                    before = memory[k, t - 1, b] if t > 0 else nothing
                    _lstm(gates[k, t, b], before, memory[k, t, b], memory_tanh[k, t, b], hidden)
                else:
                    _gru(gates[k, t, b], joined[k, t, b, at:], hidden)


@njit(**_CONTRACT)
def _delta(cell, k, t, joined, kept, by_hidden, by_memory, delta, nothing):
    """Fills delta of a time step."""
    gates, memory, memory_tanh = kept
    at = joined.shape[3] - nothing.size
    for b in range(delta.shape[0]):
        if cell == LSTM:
            before = memory[k, t - 1, b] if t > 0 else nothing
            own = memory_tanh[k, t, b]
            _lstm_delta(gates[k, t, b], before, own, by_hidden[b], by_memory[b], delta[b])
        else:
            _gru_delta(gates[k, t, b], joined[k, t, b, at:], by_hidden[b], delta[b])


@njit(**_CONTRACT)
def _add(values, others):
    for row in range(values.shape[0]):
        for i in range(values.shape[1]):
            values[row, i] += others[row, i]


@njit(nogil=True, cache=True, **_CONTRACT)
def scan_back(first, last, cell, joined, weights, kept, by_outputs, filled):
    """Fills the loss gradients of some trials; the GIL is released.

    Args:
        first: First of the trials.
        last: Behind the last.
        cell: LSTM or GRU.
        joined: As `scan` left them.
        weights: Parts of the joined weight, of inputs (K, G, F) and hidden states (K, G, H).
        kept: As `scan` left them.
        by_outputs: By the outputs of the time steps (K, T, B, H), or of the last one (K, 1, B, H).
        filled: Get those by the joined weight (K, I, G), by inputs (K, T, B, F) and by
            pre-activations (K, B, T, G); the latter two may be empty.
    """
    by_weight, by_inputs, deltas = filled
    weight_x, weight_h = weights
    _, length, batch, width = kept[0].shape
    dtype, units = joined.dtype, width // 4
    delta, product = np.empty((batch, width), dtype), np.empty(by_weight.shape[1:], dtype)
    by_hidden, by_memory = np.empty((batch, units), dtype), np.empty((batch, units), dtype)
    through, nothing = np.empty((batch, units), dtype), np.zeros(units, dtype)
    for k in range(first, last):
        by_hidden[:] = by_outputs[k, -1]
        by_memory[:] = 0
        by_weight[k] = 0
        for t in range(length - 1, -1, -1):
            _delta(cell, k, t, joined, kept, by_hidden, by_memory, delta, nothing)
            np.dot(joined[k, t].T, delta, product)
            _add(by_weight[k], product)
            if by_inputs.size:
                np.dot(delta, weight_x[k], by_inputs[k, t])
            if deltas.size:
                deltas[k, :, t] = delta
            if t > 0:
                np.dot(delta, weight_h[k], through)
                _add(by_hidden, through)
                if by_outputs.shape[1] > 1:
                    _add(by_hidden, by_outputs[k, t - 1])
