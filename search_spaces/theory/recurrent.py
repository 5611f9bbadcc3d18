"""The simple recurrent network: gradients through time and through layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from search_spaces.catalogue import Value
from search_spaces.theory.activations import Array
from search_spaces.theory.expectation import (
    Expectation,
    Inputs,
    factors_of,
    ratio_of,
    worst_share,
)
from search_spaces.theory.initial_variances import Fans, initial_variances
from search_spaces.theory.layers import LARGEST_LENGTH
from search_spaces.theory.moments import SMALLEST_LENGTH, Moments, moments


@dataclass(frozen=True, kw_only=True)
class _Sizes:
    """fan_in times the variance of a weight, by layer or for all; variance of a bias."""

    inputs: Array
    recurrent: float
    bias: float


def rnn(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """h_t = phi(W x_t + U h_{t-1} + b), read out after the last time step.

    On a grid of layers and time steps q is a times what the layer below has at the same time, plus
    c E[phi^2] of the time step before, plus the bias; the mean squared delta is E[phi'^2] times
    what comes back from the next time step and from the layer above. That weights are the same at
    each time step makes no difference in a wide network (Chen et al., Dynamical Isometry and a
    Mean Field Theory of RNNs, ICML 2018).

    Returns:
        None where each time step has a loss of its own; for `identity` as the recurrent
        initialization, under which units do not mix; and for layer normalization, with which
        real networks do not agree.
    """
    read = _over_time(hyperparameters, inputs)
    if read is None or not inputs.answer_at_end or hyperparameters["normalization"] != "none":
        return None
    steps, features, square = read
    sizes = _sizes(hyperparameters, features)
    if sizes is None:
        return None
    activation = str(hyperparameters["activation"])
    phi = moments(activation)
    length_LxT = _lengths(sizes, square, steps, phi)
    log_LxT = _log_deltas(sizes, phi.slope(length_LxT))
    return Expectation(
        ratio=ratio_of([float(log_LxT[0, 0]), float(log_LxT[-1, -1])]),
        factors=factors_of(log_LxT[0].tolist()),
        lengths=tuple(length_LxT[0].tolist()),
        # A layer's share is taken over all of its time steps.
        saturated_share=worst_share(activation, list(length_LxT)),
    )


def _over_time(
    hyperparameters: Mapping[str, Value], inputs: Inputs
) -> tuple[int, int, float] | None:
    """Time steps, numbers in one of them, and their mean square, as the network reads them."""
    shape = inputs.shape
    if inputs.tokens:
        # Embeddings are drawn from N(0, 1).
        return shape[0], int(hyperparameters["width"]), 1.0
    if len(shape) == 1:
        return shape[0], 1, inputs.mean_square
    if len(shape) == 2:
        return shape[0], shape[1], inputs.mean_square
    if len(shape) == 3:
        return shape[1], shape[0] * shape[2], inputs.mean_square
    return None


def _sizes(hyperparameters: Mapping[str, Value], features: int) -> _Sizes | None:
    width, depth = int(hyperparameters["width"]), int(hyperparameters["depth"])
    first = initial_variances(hyperparameters, Fans(inputs=features, outputs=width))
    other = initial_variances(hyperparameters, Fans(inputs=width, outputs=width))
    if first is None or other is None:
        return None
    weight = first.weight
    if str(hyperparameters["initialization"]) == "torch_default":
        weight = other.weight  # As in torch.nn.RNN, by the width whatever the inputs.
    kind = str(hyperparameters["recurrent_initialization"])
    if kind not in ("same", "orthogonal"):
        return None
    orthogonal = float(hyperparameters["init_gain"]) ** 2
    recurrent = orthogonal if kind == "orthogonal" else width * other.weight
    return _Sizes(
        inputs=np.array([features * weight, *[width * other.weight] * (depth - 1)]),
        recurrent=recurrent * float(hyperparameters["recurrent_gain"]) ** 2,
        bias=other.bias,
    )


def _lengths(sizes: _Sizes, square: float, steps: int, phi: Moments) -> Array:
    """q, (L, T)."""
    layers = len(sizes.inputs)
    length_LxT = np.empty((layers, steps))
    below_T = np.full(steps, square)
    for layer in range(layers):
        made_T, before = np.empty(steps), 0.0
        for step in range(steps):
            q = sizes.inputs[layer] * below_T[step] + sizes.recurrent * before + sizes.bias
            length_LxT[layer, step] = q = min(max(q, SMALLEST_LENGTH), LARGEST_LENGTH)
            before = float(phi.square(np.asarray(q)))
            made_T[step] = before
        below_T = made_T
    return length_LxT


def _log_deltas(sizes: _Sizes, slope_LxT: Array) -> Array:
    """ln of the mean squared delta, (L, T), up to a constant; -infinity where none arrives."""
    layers, steps = slope_LxT.shape
    log_LxT = np.full((layers + 1, steps + 1), -np.inf)
    with np.errstate(divide="ignore"):
        for layer in reversed(range(layers)):
            above = math.log(sizes.inputs[layer + 1]) if layer + 1 < layers else 0.0
            for step in reversed(range(steps)):
                if (layer, step) == (layers - 1, steps - 1):
                    back = 0.0
                else:
                    back = np.logaddexp(
                        log_LxT[layer + 1, step] + above,
                        log_LxT[layer, step + 1] + math.log(sizes.recurrent),
                    )
                log_LxT[layer, step] = back + np.log(slope_LxT[layer, step])
    return log_LxT[:layers, :steps]
