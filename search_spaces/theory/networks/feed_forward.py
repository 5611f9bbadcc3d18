"""Networks of one layer after another: mlp, plain or residual, and cnn.

Forward, layer by layer, p and m are mean square and mean of what a layer sees, q the mean square
of its pre-activation, s the residual scale (docs/theory.md has the table of all networks):

    q_l = a_l p_{l-1} + b_l
    plain       p_l = E[phi(z)^2],                              m_l = E[phi(z)]
    residual    p_l = p_{l-1} + s^2 E[phi^2] + 2 s m_{l-1} E[phi],  m_l = m_{l-1} + s E[phi]

Backward, G_l is the mean squared gradient by what layer l puts out and delta_l that by its
pre-activation:

    delta_l = E[phi'(z)^2] G_l (times s^2 in a residual branch)
    plain       G_{l-1} = a_l delta_l (with fan_out for fan_in)
    residual    G_{l-1} = G_l + a_l delta_l
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
from search_spaces.theory.finite_width import log_ratio_std
from search_spaces.theory.initial_variances import Fans
from search_spaces.theory.layers import Activated, LinearMap, Signal, activated, linear_map
from search_spaces.theory.moments import Moments, moments

_NORMALIZATIONS = ("none", "layer", "batch")
_SMALLEST_BATCH = 8
"""Below it a batch is too small for the theory of batch normalization."""

_EVEN_SLOPES = ("sigmoid", "tanh", "erf", "softsign", "hardtanh", "identity")
"""Activations whose slope is even, so that the mean of phi'' is 0."""

_SMALL_SHARE = 0.05
"""Share of the gradient in a mode that theory leaves out: R is then right within a factor 1.5."""


_FAR_FROM_ZERO = ("sigmoid", "softplus")

SMALLEST_SIDE = 7
"""Images are halved while their shorter side is at least twice as long."""

KERNEL_TAPS = 9


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """The hidden layers, each with what comes before its activation."""

    layers: Sequence[LinearMap]
    before: Sequence[Activated]


def mlp(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """Predicts a multilayer perceptron, plain or with residual connections.

    With p the mean square and m the mean of h_l = h_{l-1} + s phi(z_l), and G the mean squared
    gradient by h_l: p grows by s^2 E[phi^2] + 2 s m E[phi], m by s E[phi], and G on its way back
    by a factor 1 + s^2 chi; delta_l has the mean square s^2 E[phi'^2] G.

    Returns:
        None for dense connections, group normalization, batches below 8 under batch
        normalization; and for deep residual networks that `_is_ruled_by_its_mean`.

    References:
        Poole et al. 2016; Schoenholz et al. 2017; residual: Yang and Schoenholz, Mean Field
        Residual Networks, NIPS 2017.
    """
    normalization, connections = (
        str(hyperparameters[name]) for name in ("normalization", "connections")
    )
    activation = str(hyperparameters["activation"])
    batch, depth = int(hyperparameters["batch_size"]), int(hyperparameters["depth"])
    scale = float(hyperparameters["residual_scale"]) if connections == "residual" else None
    if normalization not in _NORMALIZATIONS or connections not in ("none", "residual"):
        return None
    if normalization == "batch" and batch < _SMALLEST_BATCH:
        return None
    if scale == 0 and depth > 1:
        return None
    width = int(hyperparameters["width"])
    first = linear_map(hyperparameters, Fans(inputs=inputs.features, outputs=width))
    other = linear_map(hyperparameters, Fans(inputs=width, outputs=width))
    if first is None or other is None:
        return None
    layers = [first, *[other] * (depth - 1)]
    square = inputs.mean_square
    if normalization == "batch" and inputs.variance is not None:
        square = inputs.variance
    signal = Signal(square=np.full((1, 1), square), mean=np.zeros((1, 1)))
    stack = _forward(layers, signal, activation, normalization, batch, scale)
    log_std = None
    if normalization == "none" and scale is None:
        lengths = np.array([float(each.length.mean()) for each in stack.before])
        orthogonal = "orthogonal" in str(hyperparameters["initialization"])
        log_std = log_ratio_std(activation, lengths, width, orthogonal=orthogonal)
    expected = _expectation(stack, activation, scale, log_std)
    uneven = activation not in _EVEN_SLOPES
    if scale is not None and normalization == "none" and uneven:
        return None if _is_ruled_by_its_mean(expected, width) else expected
    return expected


def _is_ruled_by_its_mean(expected: Expectation, width: int) -> bool:
    """Returns whether a mode that theory leaves out has come up in a residual network.

    Theory takes gradients to be independent of the weights that they pass. Where the mean of
    phi'' is not 0, as for relu, they are not quite: along the stream, whose mean grows, the
    gradient grows as the stream itself does. That mode begins smaller than the rest by the width.
    """
    # ln of how much the stream's mean square grows, and the squared gradient but for that mode.
    lengths = expected.lengths
    stream = math.log(lengths[-1] / lengths[1]) if len(lengths) > 1 else 0.0
    rest = 2 * math.fsum(math.log(factor) for factor in expected.factors[1:])
    return stream - rest > math.log(_SMALL_SHARE * width)


def cnn(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """Predicts convolutions of 3 x 3 pixels, mean squares at every pixel, zeros at the border.

    Returns:
        None for inputs that are no images, and for group normalization; with batch or layer
        normalization also for delta-orthogonal weights, which keep the few channels of an image
        apart, so that few kinds of units are normalized; with batch normalization also for
        sigmoid and softplus, whose large means the border makes differ from pixel to pixel.

    References:
        Xiao et al., Dynamical Isometry and a Mean Field Theory of CNNs, ICML 2018, whose images
        have no border.
    """
    normalization = str(hyperparameters["normalization"])
    if len(inputs.shape) != 3 or inputs.tokens or normalization not in _NORMALIZATIONS:
        return None
    if normalization != "none" and hyperparameters["initialization"] == "delta_orthogonal":
        return None
    if normalization == "batch" and hyperparameters["activation"] in _FAR_FROM_ZERO:
        return None
    width, depth = int(hyperparameters["width"]), int(hyperparameters["depth"])
    channels, *sides = inputs.shape
    here = (sides[0], sides[1])
    signal = Signal(square=np.full(here, inputs.mean_square), mean=np.zeros(here))
    layers: list[LinearMap] = []
    for _ in range(depth):
        stride = 2 if min(here) >= 2 * SMALLEST_SIDE else 1
        fans = Fans(inputs=channels, outputs=width, taps=KERNEL_TAPS)
        layer = linear_map(hyperparameters, fans, sides=here, stride=stride)
        if layer is None:
            return None
        layers.append(layer)
        here, channels = layer.window.sides_after, width
    batch = int(hyperparameters["batch_size"]) * math.prod(here)
    activation = str(hyperparameters["activation"])
    return _expectation(
        _forward(layers, signal, activation, normalization, batch, None), activation, None, None
    )


def _forward(
    layers: Sequence[LinearMap],
    signal: Signal,
    activation: str,
    normalization: str,
    batch: int,
    scale: float | None,
) -> _Stack:
    """Carries mean squares and means forward; `scale` is s, None for a plain network."""
    phi, before = moments(activation), []
    for number, layer in enumerate(layers):
        before.append(activated(layer, signal, normalization, batch))
        made = before[-1].signal(phi)
        if scale is None or number == 0:
            signal = made
        elif normalization == "batch":
            # Means over units do not count there: let the signal be what varies over the batch.
            varies = signal.square - signal.mean**2 + scale**2 * (made.square - made.mean**2)
            signal = Signal(square=varies, mean=np.zeros_like(varies))
        else:
            # E[(h + s phi)^2]: h and phi share their mean over units, and nothing else.
            square = signal.square + scale**2 * made.square + 2 * scale * signal.mean * made.mean
            signal = Signal(square=square, mean=signal.mean + scale * made.mean)
    return _Stack(layers=layers, before=before)


def _expectation(
    stack: _Stack, activation: str, scale: float | None, log_std: float | None
) -> Expectation:
    logs = _backward(stack, moments(activation), scale)
    return Expectation(
        ratio=ratio_of(logs),
        factors=factors_of(logs),
        lengths=tuple(float(each.length.mean()) for each in stack.before),
        saturated_share=worst_share(activation, [each.input for each in stack.before]),
        log_std=log_std,
    )


def _backward(stack: _Stack, phi: Moments, scale: float | None) -> list[float]:
    """Computes ln of the mean squared delta of each layer, up to a constant."""
    gradient: Array = np.ones_like(stack.before[-1].length)
    level, logs = 0.0, []
    for number in reversed(range(len(stack.layers))):
        branch = 1.0 if scale is None or number == 0 else scale**2
        delta = branch * stack.before[number].slope(phi) * gradient
        logs.append(level + math.log(float(delta.mean())))
        if number == 0:
            break
        back = stack.layers[number].backward(delta)
        gradient = back if scale is None else gradient + back
        # Gradients of deep networks leave the range of floating-point numbers: `level` keeps ln of
        # what is divided off.
        size = float(gradient.mean())
        level, gradient = level + math.log(size), gradient / size
    return logs[::-1]
