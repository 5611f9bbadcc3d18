"""Convolutions of one trial, which vmap turns into convolutions of a cohort.

A convolution is bilinear, and so are its two gradients, each in what the others give: three
functions whose derivatives are among themselves, so that they can be differentiated any number
of times.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor
from torch.autograd import Function
from torch.nn import functional

from study.engine.convolution import patches
from study.engine.convolution.geometry import Geometry


def conv2d(images_B: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """`torch.nn.functional.conv2d`, whose vmap over trials is fast.

    Args:
        images_B: (B, in, height, width).
        weight: (out, in, height, width).
        bias: (out,), or none.
        geometry: Stride and padding; there is one group, and no dilation.
    """
    device = images_B.device.type
    if torch.is_autocast_enabled(device) and images_B.dtype != torch.float64:
        # Autocast acts on operations that it knows; a Function is none of them.
        dtype = torch.get_autocast_dtype(device)
        images_B, weight = images_B.to(dtype), weight.to(dtype)
        bias = None if bias is None else bias.to(dtype)
    outputs: Tensor = _OfOneTrial.apply(images_B, weight, bias, geometry)
    return outputs


class _OfOneTrial(Function):
    """A convolution without the trial axis; under vmap, one with it."""

    generate_vmap_rule = False

    @staticmethod
    def forward(
        images_B: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry
    ) -> Tensor:
        return functional.conv2d(images_B, weight, bias, geometry.stride, geometry.padding)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        images_B, weight, bias, geometry = inputs
        ctx.save_for_backward(images_B, weight)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images_B, weight = (saved.unsqueeze(0) for saved in ctx.saved_tensors)
        found = _gradients(ctx, gradients[0].unsqueeze(0), images_B, weight)
        return (*(None if one is None else one.squeeze(0) for one in found), None)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        images_B: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        geometry: Geometry,
    ) -> tuple[Tensor, int]:
        stacked = [
            None if value is None else _stacked(value, dim, info.batch_size)
            for value, dim in zip((images_B, weight, bias), in_dims[:3], strict=True)
        ]
        return _Convolution.apply(*stacked, geometry), 0


class _Convolution(Function):
    """Images (K, B, ...), weights (K, ...) and biases (K, out) to outputs (K, B, ...)."""

    @staticmethod
    def forward(
        images_KxB: Tensor, weights_K: Tensor, biases_K: Tensor | None, geometry: Geometry
    ) -> Tensor:
        return patches.convolve(images_KxB, weights_K, biases_K, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        images_KxB, weights_K, _, geometry = inputs
        ctx.save_for_backward(images_KxB, weights_K)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images_KxB, weights_K = ctx.saved_tensors
        return (*_gradients(ctx, gradients[0], images_KxB, weights_K), None)


class _InputGradient(Function):
    """The gradient by the outputs, and weights, to the gradient by the images."""

    @staticmethod
    def forward(
        gradients_KxB: Tensor, weights_K: Tensor, images: Size, geometry: Geometry
    ) -> Tensor:
        return patches.input_gradient(gradients_KxB, weights_K, images, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        gradients_KxB, weights_K, _, geometry = inputs
        ctx.save_for_backward(gradients_KxB, weights_K)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradients_KxB, weights_K = ctx.saved_tensors
        by_gradients = by_weights = None
        if ctx.needs_input_grad[0]:
            by_gradients = _Convolution.apply(gradients[0], weights_K, None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            by_weights = _WeightGradient.apply(
                gradients_KxB, gradients[0], weights_K.shape, ctx.geometry
            )
        return by_gradients, by_weights, None, None


class _WeightGradient(Function):
    """The gradient by the outputs, and images, to the gradient by the weights."""

    @staticmethod
    def forward(
        gradients_KxB: Tensor, images_KxB: Tensor, weights: Size, geometry: Geometry
    ) -> Tensor:
        return patches.weight_gradient(gradients_KxB, images_KxB, weights, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        gradients_KxB, images_KxB, _, geometry = inputs
        ctx.save_for_backward(gradients_KxB, images_KxB)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradients_KxB, images_KxB = ctx.saved_tensors
        by_gradients = by_images = None
        if ctx.needs_input_grad[0]:
            by_gradients = _Convolution.apply(images_KxB, gradients[0], None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            by_images = _InputGradient.apply(
                gradients_KxB, gradients[0], images_KxB.shape, ctx.geometry
            )
        return by_gradients, by_images, None, None


def _gradients(
    ctx: Any, gradients_KxB: Tensor, images_KxB: Tensor, weights_K: Tensor
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """By images, weights and biases, as far as they are needed."""
    by_images = by_weights = by_biases = None
    if ctx.needs_input_grad[0]:
        by_images = _InputGradient.apply(gradients_KxB, weights_K, images_KxB.shape, ctx.geometry)
    if ctx.needs_input_grad[1]:
        by_weights = _WeightGradient.apply(
            gradients_KxB, images_KxB, weights_K.shape, ctx.geometry
        )
    if ctx.needs_input_grad[2]:
        by_biases = gradients_KxB.sum(dim=(1, 3, 4))
    return by_images, by_weights, by_biases


def _stacked(value: Tensor, dim: int | None, trials: int) -> Tensor:
    return value.expand(trials, *value.shape) if dim is None else value.movedim(dim, 0)
