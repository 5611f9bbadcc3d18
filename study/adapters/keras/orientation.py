"""Keras' kernels as torch has them: outputs first, then inputs, then the kernel's own axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from study.adapters.keras.library import keras_library

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """How the axes of a Keras variable are laid out in torch.

    Attributes:
        axes: Keras' axes in torch's order.
        permuted: Their sizes in this order.
        shape: The same numbers as torch has them, some axes joined.
    """

    axes: Shape
    permuted: Shape
    shape: Shape

    def to_torch(self, value: Tensor) -> Tensor:
        """Returns a variable's value as a parameter."""
        return value.permute(self.axes).reshape(self.shape)

    def to_keras(self, value: Tensor) -> Tensor:
        """Returns a parameter as the variable's value."""
        inverse = sorted(range(len(self.axes)), key=self.axes.__getitem__)
        return value.reshape(self.permuted).permute(inverse)


def unchanged(shape: Shape) -> Orientation:
    """Lays out a variable that is no weight as it is."""
    return Orientation(axes=tuple(range(len(shape))), permuted=shape, shape=shape)


def weight_orientation(owner: Any, name: str, shape: Shape) -> Orientation:
    """Lays out a weight of two or more axes.

    Keras keeps (*kernel, in, out); transposed convolutions (*kernel, out, in); depthwise ones
    (*kernel, in, multiplier), which torch has as (in * multiplier, 1, *kernel). The kernel of an
    EinsumDense becomes a matrix: its equation says which axes are summed over.

    Args:
        owner: The Keras layer.
        name: The variable's name in Keras ("kernel").
        shape: The variable's shape in Keras, two axes or more.
    """
    keras = keras_library()
    layers = keras.layers
    last = len(shape) - 1
    kernel = tuple(range(last - 1))
    if isinstance(owner, layers.EinsumDense):
        outputs, inputs = _einsum_axes(owner.equation)
        return _oriented(shape, outputs, inputs, ())
    if isinstance(owner, (layers.DepthwiseConv1D, layers.DepthwiseConv2D)) or (
        "depthwise" in name
    ):
        return _oriented(shape, (last - 1, last), (), kernel)
    transposed = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
    if isinstance(owner, transposed):
        return _oriented(shape, (last - 1,), (last,), kernel)
    return _oriented(shape, (last,), (last - 1,), kernel)


def _oriented(shape: Shape, outputs: Shape, inputs: Shape, kernel: Shape) -> Orientation:
    axes = (*outputs, *inputs, *kernel)
    sizes = [math.prod(shape[axis] for axis in part) for part in (outputs, inputs)]
    return Orientation(
        axes=axes,
        permuted=tuple(shape[axis] for axis in axes),
        shape=(*sizes, *(shape[axis] for axis in kernel)),
    )


def _einsum_axes(equation: str) -> tuple[Shape, Shape]:
    """Axes of the kernel that are kept, and those summed over, of "abc,cde->abde"."""
    operands, result = equation.replace(" ", "").split("->")
    letters = operands.split(",")[1]
    kept = tuple(axis for axis, letter in enumerate(letters) if letter in result)
    summed = tuple(axis for axis, letter in enumerate(letters) if letter not in result)
    return kept, summed
