"""resnet: pre-activation blocks of two convolutions, plain or with batch normalization."""

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
from search_spaces.theory.initial_variances import Fans
from search_spaces.theory.layers import (
    EPSILON,
    Activated,
    LinearMap,
    Signal,
    activated,
    deviation,
    linear_map,
)
from search_spaces.theory.moments import Moments, moments
from search_spaces.theory.windows import Sides

_TAPS = 9
_SMALLEST_SIDE = 7


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Channels of the stream that have the same history, with what varies in them: their mean
    square or, under batch normalization, that about their means."""

    channels: int
    square: Array

    def before(self, normalization: str) -> Activated:
        """As an activation sees it."""
        if normalization == "none":
            return Activated(length=self.square, seen=self.square)
        gain = 1 / (float(self.square.mean()) + EPSILON)
        return Activated(length=self.square, seen=self.square * gain, gain=gain)


Stream = Sequence[_Group]


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A block's branch, and the stream that it sees."""

    stream: Stream
    first: LinearMap
    between: Activated
    second: LinearMap


@dataclass(frozen=True, kw_only=True)
class _Network:
    """What the backward pass needs."""

    stem: Sequence[LinearMap]
    stem_before: Sequence[Activated]
    blocks: Sequence[_Block]
    end: Stream


def resnet(hyperparameters: Mapping[str, Value], inputs: Inputs) -> Expectation | None:
    """Mean squares are carried pixel by pixel through branch and shortcut.

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
    seen = [np.stack([one.before(normalization).seen for one in each]) for each in streams]
    seen += [one.seen for one in (*network.stem_before, *(b.between for b in network.blocks))]
    return Expectation(
        ratio=ratio_of(logs),
        factors=factors_of(logs),
        lengths=tuple(float(np.mean([one.square.mean() for one in each])) for each in streams),
        saturated_share=worst_share(activation, seen),
    )


def _forward(hyperparameters: Mapping[str, Value], inputs: Inputs, phi: Moments) -> _Network:
    channels, height, side = inputs.shape
    here: Sides = (height, side)
    normalization = str(hyperparameters["normalization"])
    width, depth = int(hyperparameters["width"]), int(hyperparameters["depth"])
    batch = int(hyperparameters["batch_size"])
    strides = _stem_strides(here)
    seen = Signal(square=np.full(here, inputs.mean_square), mean=np.zeros(here))
    stem: list[LinearMap] = []
    before: list[Activated] = []
    for number, stride in enumerate(strides, start=1):
        layer = _convolution(hyperparameters, channels, width, here, stride)
        stem.append(layer)
        here, channels = layer.window.seen_after, width
        if number < len(strides):
            before.append(activated(layer, seen, normalization, batch * math.prod(here)))
            seen = before[-1].signal(phi)
    stream: Stream = [_Group(channels=width, square=_made(stem[-1], seen, normalization))]
    halving = (depth + 1) // 2 if min(here) > _SMALLEST_SIDE else depth
    blocks = []
    for number in range(depth):
        stride = 2 if number == halving else 1
        block, stream = _block(hyperparameters, stream, stride, phi)
        blocks.append(block)
    return _Network(stem=stem, stem_before=before, blocks=blocks, end=stream)


def _block(
    hyperparameters: Mapping[str, Value], stream: Stream, stride: int, phi: Moments
) -> tuple[_Block, Stream]:
    """The block, and the stream behind it."""
    normalization = str(hyperparameters["normalization"])
    channels = sum(one.channels for one in stream)
    width = channels * stride
    here = _sides(stream[0].square)
    signals = [one.before(normalization).signal(phi) for one in stream]
    shares = [one.channels / channels for one in stream]
    seen = Signal(
        square=np.asarray(sum(w * one.square for w, one in zip(shares, signals, strict=True))),
        mean=np.asarray(sum(w * one.mean for w, one in zip(shares, signals, strict=True))),
    )
    first = _convolution(hyperparameters, channels, width, here, stride)
    after = first.window.seen_after
    batch = int(hyperparameters["batch_size"]) * math.prod(after)
    between = activated(first, seen, normalization, batch)
    last = 0.0 if hyperparameters["residual_initialization"] == "zero_last" else 1.0
    second = _convolution(hyperparameters, width, width, after, 1, factor=last)
    added = float(hyperparameters["residual_scale"]) ** 2 * _made(
        second, between.signal(phi), normalization
    )
    made = [
        _Group(channels=one.channels, square=one.square[::stride, ::stride] + added)
        for one in stream
    ]
    if stride > 1:
        made.append(_Group(channels=width - channels, square=added))
    return _Block(stream=stream, first=first, between=between, second=second), made


def _backward(network: _Network, phi: Moments, normalization: str, scale: float) -> list[float]:
    """ln of the mean squared delta: stem, then both convolutions of each block."""
    logs: list[float] = []
    level = 0.0
    gradients = [one.before(normalization).slope(phi) for one in network.end]
    channels = [one.channels for one in network.end]
    for block in reversed(network.blocks):
        mean = _mean(gradients, channels)
        delta = scale**2 * mean
        logs.append(level + math.log(float(delta.mean())))
        inner = block.between.slope(phi) * block.second.backward(delta)
        logs.append(level + math.log(float(inner.mean())) if inner.any() else -math.inf)
        branch = block.first.backward(inner)
        channels = [one.channels for one in block.stream]
        gradients = [
            _enlarged(shortcut, branch, block.first.window.stride)
            + one.before(normalization).slope(phi) * branch
            for shortcut, one in zip(gradients[: len(channels)], block.stream, strict=True)
        ]
        size = float(_mean(gradients, channels).mean())
        level += math.log(size)
        gradients = [one / size for one in gradients]
    delta = gradients[0]
    logs.append(level + math.log(float(delta.mean())))
    for layer, before in zip(network.stem[:0:-1], reversed(network.stem_before), strict=True):
        delta = before.slope(phi) * layer.backward(delta)
        logs.append(level + math.log(float(delta.mean())))
    return logs[::-1]


def _mean(maps: Sequence[Array], channels: Sequence[int]) -> Array:
    return np.asarray(
        sum(one * count for one, count in zip(maps, channels, strict=True)) / sum(channels)
    )


def _enlarged(shortcut: Array, like: Array, stride: int) -> Array:
    """The gradient by the image that a shortcut has taken every second pixel of."""
    grown = np.zeros_like(like)
    grown[::stride, ::stride] = shortcut
    return grown


def _made(layer: LinearMap, seen: Signal, normalization: str) -> Array:
    if normalization == "batch":
        return deviation(layer, seen)
    return layer.forward(seen.square) + layer.variances.bias


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
