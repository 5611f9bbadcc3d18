"""The simple recurrent network: gradients through time and through layers.

With a_l = fan_in times the variance of a weight on the inputs, c that of the recurrent weights and
b the variance of a bias, for layers l = 1 to L and time steps t = 1 to T:

    q_{l,t} = a_l p_{l-1,t} + c p_{l,t-1} + b,    p_{l,t} = E[phi(sqrt(q_{l,t}) z)^2]
    delta_{l,t} = E[phi'^2] (a_{l+1} delta_{l+1,t} + c delta_{l,t+1})

where p_{l,0} = 0 and delta, a mean square here, starts with 1 at the last step of the last layer.
"""

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
    """What variances come to.

    Attributes:
        inputs: a, fan_in times the variance of a weight on the inputs, by layer [L].
        recurrent: c, the same of the recurrent weights.
        bias: b, variance of a bias.
    """

    inputs: Array
    recurrent: float
    bias: float


def rnn(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """Predicts h_t = phi(W x_t + U h_{t-1} + b), read out after the last time step.

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
    """Returns the time steps, numbers in each, and their mean square, as a network reads them."""
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
    """Computes q by layer and time step (L, T)."""
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
    """Computes ln of the mean squared delta (L, T), up to a constant."""
    layers, steps = slope_LxT.shape
    # A layer and a time step more than there are: nothing comes back from them.
    log_LxT = np.full((layers + 1, steps + 1), -np.inf)
    with np.errstate(divide="ignore"):
        for layer in reversed(range(layers)):
            above = math.log(sizes.inputs[layer + 1]) if layer + 1 < layers else 0.0
            for step in reversed(range(steps)):
                if (layer, step) == (layers - 1, steps - 1):
                    # The readout: ln 1, since only ratios are of interest.
                    back = 0.0
                else:
                    back = np.logaddexp(
                        log_LxT[layer + 1, step] + above,
                        log_LxT[layer, step + 1] + math.log(sizes.recurrent),
                    )
                log_LxT[layer, step] = back + np.log(slope_LxT[layer, step])
    return log_LxT[:layers, :steps]
