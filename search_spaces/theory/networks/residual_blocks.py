"""resnet: pre-activation blocks of two convolutions, plain or with batch normalization.

With h_k the stream before block k, s the residual scale and * a convolution,

    h_{k+1} = shortcut(h_k) + s W_2 * phi(W_1 * phi(h_k))

Forward, mean squares at each pixel: p_{k+1} = shortcut(p_k) + s^2 q_2, where q_2 is that of the
second convolution's output. Backward, G_k is the mean squared gradient by the stream:

    delta_2 = s^2 G_{k+1}                             by the second convolution's output
    delta_1 = E[phi'^2] (W_2 transposed) delta_2      by the first convolution's output
    G_k = shortcut transposed(G_{k+1}) + E[phi'^2] (W_1 transposed) delta_1
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

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
from search_spaces.theory.initial_variances import Fans
from search_spaces.theory.layers import (
    Activated,
    LinearMap,
    Signal,
    activated,
    deviation,
    linear_map,
)
from search_spaces.theory.moments import Moments, moments
from search_spaces.theory.networks.residual_network import Block, Group, ResidualNetwork, Stream
from search_spaces.theory.windows import Sides

_TAPS = 9
_SMALLEST_SIDE = 7


def resnet(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """Predicts a resnet: mean squares are carried pixel by pixel through branch and shortcut.

    A shortcut that halves the image keeps every second pixel and has zeros in the new channels,
    so that old and new channels have mean squares of their own.

    Returns:
        None for inputs that are no images, layer or group normalization, delta-orthogonal
        weights with normalization, and `fixup`, under which no gradient passes the readout.

    References:
        Yang and Schoenholz, Mean Field Residual Networks, NIPS 2017; Yang et al. 2019 for batch
        normalization.
    """
    normalization = str(hyperparameters["normalization"])
    scale = float(hyperparameters["residual_scale"])
    start = str(hyperparameters["residual_initialization"])
    if len(inputs.shape) != 3 or inputs.tokens or normalization not in ("none", "batch"):
        return None
    if start == "fixup" or scale == 0:
        return None
    if normalization == "batch" and hyperparameters["initialization"] == "delta_orthogonal":
        return None
    if linear_map(hyperparameters, Fans(inputs=1, outputs=1)) is None:
        return None
    activation = str(hyperparameters["activation"])
    network = _forward(hyperparameters, inputs, moments(activation))
    logs = _backward(network, moments(activation), normalization, scale)
    streams = [*(block.stream for block in network.blocks), network.end]
    inputs_of = [
        np.stack([group.before(normalization).input for group in stream]) for stream in streams
    ]
    activations = (*network.stem_before, *(block.between for block in network.blocks))
    inputs_of += [each.input for each in activations]
    return Expectation(
        ratio=ratio_of(logs),
        factors=factors_of(logs),
        lengths=tuple(
            float(np.mean([group.square.mean() for group in stream])) for stream in streams
        ),
        saturated_share=worst_share(activation, inputs_of),
    )


def _forward(
    hyperparameters: Mapping[str, Value], inputs: Inputs, phi: Moments
) -> ResidualNetwork:
    channels, height, side = inputs.shape
    here: Sides = (height, side)
    normalization = str(hyperparameters["normalization"])
    width, depth = int(hyperparameters["width"]), int(hyperparameters["depth"])
    batch = int(hyperparameters["batch_size"])
    strides = _stem_strides(here)
    signal = Signal(square=np.full(here, inputs.mean_square), mean=np.zeros(here))
    stem: list[LinearMap] = []
    before: list[Activated] = []
    for number, stride in enumerate(strides, start=1):
        layer = _convolution(hyperparameters, channels, width, here, stride)
        stem.append(layer)
        here, channels = layer.window.sides_after, width
        if number < len(strides):
            before.append(activated(layer, signal, normalization, batch * math.prod(here)))
            signal = before[-1].signal(phi)
    stream: Stream = [Group(channels=width, square=_made(stem[-1], signal, normalization))]
    halving = (depth + 1) // 2 if min(here) > _SMALLEST_SIDE else depth
    blocks = []
    for number in range(depth):
        stride = 2 if number == halving else 1
        block, stream = _block(hyperparameters, stream, stride, phi)
        blocks.append(block)
    return ResidualNetwork(stem=stem, stem_before=before, blocks=blocks, end=stream)


def _block(
    hyperparameters: Mapping[str, Value], stream: Stream, stride: int, phi: Moments
) -> tuple[Block, Stream]:
    """Returns the block, and the stream behind it."""
    normalization = str(hyperparameters["normalization"])
    channels = sum(group.channels for group in stream)
    width = channels * stride
    here = _sides(stream[0].square)
    # The branch sums over all channels: groups of other history count by their share.
    signals = [group.before(normalization).signal(phi) for group in stream]
    shares = [group.channels / channels for group in stream]
    signal = Signal(
        square=np.asarray(sum(w * part.square for w, part in zip(shares, signals, strict=True))),
        mean=np.asarray(sum(w * part.mean for w, part in zip(shares, signals, strict=True))),
    )
    first = _convolution(hyperparameters, channels, width, here, stride)
    after = first.window.sides_after
    batch = int(hyperparameters["batch_size"]) * math.prod(after)
    between = activated(first, signal, normalization, batch)
    last = 0.0 if hyperparameters["residual_initialization"] == "zero_last" else 1.0
    second = _convolution(hyperparameters, width, width, after, 1, factor=last)
    added = float(hyperparameters["residual_scale"]) ** 2 * _made(
        second, between.signal(phi), normalization
    )
    made = [
        Group(channels=group.channels, square=group.square[::stride, ::stride] + added)
        for group in stream
    ]
    if stride > 1:
        # New channels have nothing from the shortcut.
        made.append(Group(channels=width - channels, square=added))
    return Block(stream=stream, first=first, between=between, second=second), made


def _backward(
    network: ResidualNetwork, phi: Moments, normalization: str, scale: float
) -> list[float]:
    """Computes ln of the mean squared delta: stem, then both convolutions of each block."""
    logs: list[float] = []
    level = 0.0
    # From 1 behind the last activation, which the readout sees.
    gradients = [group.before(normalization).slope(phi) for group in network.end]
    channels = [group.channels for group in network.end]
    for block in reversed(network.blocks):
        mean = _mean(gradients, channels)
        delta = scale**2 * mean
        logs.append(level + math.log(float(delta.mean())))
        inner = block.between.slope(phi) * block.second.backward(delta)
        logs.append(level + math.log(float(inner.mean())) if inner.any() else -math.inf)
        branch = block.first.backward(inner)
        channels = [group.channels for group in block.stream]
        gradients = [
            _enlarged(shortcut, branch, block.first.window.stride)
            + group.before(normalization).slope(phi) * branch
            for shortcut, group in zip(gradients[: len(channels)], block.stream, strict=True)
        ]
        # Kept near 1: gradients of deep networks leave the range of floating-point numbers.
        size = float(_mean(gradients, channels).mean())
        level += math.log(size)
        gradients = [gradient / size for gradient in gradients]
    delta = gradients[0]
    logs.append(level + math.log(float(delta.mean())))
    for layer, before in zip(network.stem[:0:-1], reversed(network.stem_before), strict=True):
        delta = before.slope(phi) * layer.backward(delta)
        logs.append(level + math.log(float(delta.mean())))
    return logs[::-1]


def _mean(maps: Sequence[Array], channels: Sequence[int]) -> Array:
    return np.asarray(
        sum(part * count for part, count in zip(maps, channels, strict=True)) / sum(channels)
    )


def _enlarged(shortcut: Array, like: Array, stride: int) -> Array:
    """Returns the gradient by the image that a shortcut has taken every second pixel of."""
    grown = np.zeros_like(like)
    grown[::stride, ::stride] = shortcut
    return grown


def _made(layer: LinearMap, signal: Signal, normalization: str) -> Array:
    if normalization == "batch":
        return deviation(layer, signal)
    return layer.forward(signal.square) + layer.variances.bias


def _convolution(
    hyperparameters: Mapping[str, Value],
    channels: int,
    width: int,
    sides: Sides,
    stride: int,
    *,
    factor: float = 1.0,
) -> LinearMap:
    fans = Fans(inputs=channels, outputs=width, taps=_TAPS)
    layer = linear_map(hyperparameters, fans, sides=sides, stride=stride, factor=factor)
    assert layer is not None  # `resnet` has asked.
    return layer


def _stem_strides(sides: Sides) -> list[int]:
    side, strides = min(sides), []
    while side >= 4 * _SMALLEST_SIDE:
        side = (side + 1) // 2
        strides.append(2)
    return strides or [1]


def _sides(values: Array) -> Sides:
    height, width = values.shape
    return height, width
