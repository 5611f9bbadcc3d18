"""Convolutions of a cohort as grouped convolutions, some trials at a time.

Axes: K trials, B examples, then channels, height, width; weights (K, out, in, height, width).
"""

from __future__ import annotations

import torch
from torch import Size, Tensor
from torch.nn import functional

from study.engine.convolution.geometry import Geometry

CACHED = 2**19
"""Numbers of one tensor that are convolved together at most: 2 MB stay in a CPU core's cache.
Beyond it, groups of many trials were up to half as fast as the trials one by one; within it,
up to twice as fast (benchmarks on one core of an AMD EPYC, 8 x 8 to 28 x 28 pixels)."""

VECTOR = 8
"""Where channels are no multiple of it, oneDNN's grouped convolutions are slower than a loop."""


def convolve(
    images_KxB: Tensor, weights_K: Tensor, biases_K: Tensor | None, geometry: Geometry
) -> Tensor:
    """Each trial's images by its own weights, (K, B, out, height, width)."""
    together = trials_together(images_KxB.shape, weights_K.shape, geometry)
    parts = []
    for start in range(0, len(weights_K), together):
        part = slice(start, start + together)
        weight = weights_K[part]
        outputs = functional.conv2d(
            _channels_joined(images_KxB[part]),
            weight.flatten(0, 1),
            None if biases_K is None else biases_K[part].flatten(),
            geometry.stride,
            geometry.padding,
            groups=len(weight),
        )
        parts.append(_trials_apart(outputs, len(weight)))
    return _joined(parts)


def input_gradient(
    gradients_KxB: Tensor, weights_K: Tensor, images: Size, geometry: Geometry
) -> Tensor:
    """From the gradient by the outputs to that by images of this shape (K, B, in, h, w)."""
    together = trials_together(images, weights_K.shape, geometry)
    parts = []
    for start in range(0, len(weights_K), together):
        part = slice(start, start + together)
        weight = weights_K[part]
        joined = (images[1], len(weight) * images[2], *images[3:])
        outputs, _, _ = torch.ops.aten.convolution_backward(
            _channels_joined(gradients_KxB[part]),
            weight.new_empty(1).expand(joined),
            weight.flatten(0, 1),
            None,
            *_arguments(geometry, len(weight)),
            [True, False, False],
        )
        parts.append(_trials_apart(outputs, len(weight)))
    return _joined(parts)


def weight_gradient(
    gradients_KxB: Tensor, images_KxB: Tensor, weights: Size, geometry: Geometry
) -> Tensor:
    """From the gradient by the outputs to that by weights of this shape."""
    together = trials_together(images_KxB.shape, weights, geometry)
    parts = []
    for start in range(0, weights[0], together):
        part = slice(start, start + together)
        gradient, images = gradients_KxB[part], images_KxB[part]
        joined = (len(images) * weights[1], *weights[2:])
        _, outputs, _ = torch.ops.aten.convolution_backward(
            _channels_joined(gradient),
            _channels_joined(images),
            gradient.new_empty(1).expand(joined),
            None,
            *_arguments(geometry, len(images)),
            [False, True, False],
        )
        parts.append(outputs.unflatten(0, (len(images), -1)))
    return _joined(parts)


def trials_together(images: Size, weights: Size, geometry: Geometry) -> int:
    """How many trials are convolved at a time; at least one."""
    examples, channels = images[1:3]
    out, kernel = weights[1], (weights[3], weights[4])
    if out % VECTOR or (channels > VECTOR and channels % VECTOR):
        return 1
    height, width = geometry.output_size((images[3], images[4]), kernel)
    largest = examples * max(channels * images[3] * images[4], out * height * width)
    return max(1, CACHED // largest)


def _arguments(geometry: Geometry, groups: int) -> tuple[object, ...]:
    """Stride, padding, dilation, transposed, output padding, groups."""
    return geometry.stride, geometry.padding, (1, 1), False, (0, 0), groups


def _channels_joined(values_KxB: Tensor) -> Tensor:
    """(K, B, C, ...) as (B, K C, ...); a view where the memory has that order."""
    return values_KxB.transpose(0, 1).flatten(1, 2)


def _trials_apart(values: Tensor, trials: int) -> Tensor:
    """(B, K C, ...) as (K, B, C, ...)."""
    return values.unflatten(1, (trials, -1)).transpose(0, 1)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
