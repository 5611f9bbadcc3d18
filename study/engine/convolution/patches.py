"""Convolutions of a cohort as batched products: every patch of an image is a column.

Axes: K trials, B examples, then channels, height, width; weights (K, out, in, height, width).
"""

from __future__ import annotations

import math

import torch
from torch import Size, Tensor
from torch.nn import functional

from study.engine.convolution.geometry import Geometry

MOST_COLUMNS = 2**27
"""Numbers in columns at a time (512 MB in float32): they are larger than the images by the
kernel's size."""


def convolve(
    images_KxB: Tensor, weights_K: Tensor, biases_K: Tensor | None, geometry: Geometry
) -> Tensor:
    """Each trial's images by its own weights, (K, B, out, height, width)."""
    parts = []
    for part in _parts(images_KxB.shape, weights_K.shape, geometry):
        images, weight = images_KxB[part], weights_K[part].flatten(2)
        columns = _columns(images, weights_K.shape, geometry)
        if biases_K is None:
            outputs = torch.bmm(weight, columns)
        else:
            outputs = torch.baddbmm(biases_K[part].unsqueeze(2), weight, columns)
        size = _output_size(images.shape, weights_K.shape, geometry)
        parts.append(outputs.unflatten(2, (images.shape[1], *size)).transpose(1, 2))
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def input_gradient(
    gradients_KxB: Tensor, weights_K: Tensor, images: Size, geometry: Geometry
) -> Tensor:
    """From the gradient by the outputs to that by images of this shape (K, B, in, h, w)."""
    parts = []
    for part in _parts(images, weights_K.shape, geometry):
        gradient, weight = gradients_KxB[part], weights_K[part].flatten(2)
        columns = torch.bmm(weight.transpose(1, 2), _units_first(gradient))
        patches = columns.unflatten(1, weights_K.shape[2:]).unflatten(
            4, (images[1], *gradient.shape[3:])
        )
        parts.append(_added(patches, images, geometry))
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def weight_gradient(
    gradients_KxB: Tensor, images_KxB: Tensor, weights: Size, geometry: Geometry
) -> Tensor:
    """From the gradient by the outputs to that by weights of this shape."""
    parts = []
    for part in _parts(images_KxB.shape, weights, geometry):
        columns = _columns(images_KxB[part], weights, geometry)
        product = torch.bmm(_units_first(gradients_KxB[part]), columns.transpose(1, 2))
        parts.append(product.unflatten(2, weights[2:]))
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def _parts(images: Size, weights: Size, geometry: Geometry) -> list[slice]:
    """Trials whose columns fit into memory together."""
    positions = images[1] * math.prod(_output_size(images, weights, geometry))
    together = max(1, MOST_COLUMNS // (math.prod(weights[2:]) * positions))
    return [slice(start, start + together) for start in range(0, images[0], together)]


def _columns(images_KxB: Tensor, weights: Size, geometry: Geometry) -> Tensor:
    """(K, in height width of the kernel, B positions)."""
    vertical, horizontal = geometry.padding
    padded = functional.pad(images_KxB, (horizontal, horizontal, vertical, vertical))
    patches = padded.unfold(3, weights[3], geometry.stride[0])
    patches = patches.unfold(4, weights[4], geometry.stride[1])
    return patches.permute(0, 2, 5, 6, 1, 3, 4).flatten(4).flatten(1, 3)


def _added(patches: Tensor, images: Size, geometry: Geometry) -> Tensor:
    """Patches (K, in, h, w, B, height, width), added where they lie in their images."""
    (down, right), (vertical, horizontal) = geometry.stride, geometry.padding
    trials, channels, kernel_height, kernel_width, examples, height, width = patches.shape
    padded = patches.new_zeros(
        trials, channels, examples, images[3] + 2 * vertical, images[4] + 2 * horizontal
    )
    for i in range(kernel_height):
        for j in range(kernel_width):
            rows = slice(i, i + down * (height - 1) + 1, down)
            columns = slice(j, j + right * (width - 1) + 1, right)
            padded[..., rows, columns] += patches[:, :, i, j]
    inside = padded[..., vertical : vertical + images[3], horizontal : horizontal + images[4]]
    return inside.transpose(1, 2)


def _units_first(values_KxB: Tensor) -> Tensor:
    """(K, B, C, height, width) as (K, C, B height width)."""
    return values_KxB.transpose(1, 2).flatten(2)


def _output_size(images: Size, weights: Size, geometry: Geometry) -> tuple[int, int]:
    return geometry.output_size((images[3], images[4]), (weights[3], weights[4]))
