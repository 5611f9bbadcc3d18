"""What networks for images share: their inputs, where they halve them, how they read out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS
from study.engine.networks.normalizations import needs_bias, normalization
from study.engine.tasks.task import Task

SMALLEST_SIDE = 7
"""Pixels to which images are brought down, at least: zeros beyond the border take part of the
signal in every layer, on 4 pixels 13 % of its amplitude, on 7 pixels 5 %."""


def image_shape(network: str, task: Task) -> tuple[int, int, int]:
    """(channels, height, width) of the task's inputs.

    Args:
        network: Name, for the message.
        task: Its inputs must be images.

    Raises:
        ValueError: If they are not.
    """
    shape = tuple(task.inputs.shape[1:])
    if len(shape) != 3 or task.vocabulary is not None:
        raise ValueError(
            f"network {network} needs images, inputs of shape (N, channels, height, width), but "
            f"task {task.name} has inputs of shape (N, {', '.join(map(str, shape))})"
        )
    return shape


def halvings(sides: tuple[int, int], *, smallest: int) -> int:
    """Returns how often an image may be halved, with a side of an odd length rounded up.

    Args:
        sides: Height and width.
        smallest: What the shorter side must not fall below.
    """
    side, count = min(sides), 0
    while side >= 2 * smallest:
        side, count = (side + 1) // 2, count + 1
    return count


class GlobalAverage(nn.Module):
    """Mean over pixels, (N, C, H, W) -> (N, C) (Lin et al., Network in Network, 2014)."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.mean(dim=(2, 3))


def convolution(
    channels: int,
    width: int,
    hyperparameters: Mapping[str, Any],
    *,
    size: int = 3,
    stride: int = 1,
) -> nn.Conv2d:
    """Makes a convolution that keeps the image's size, or halves it with `stride` 2."""
    bias = needs_bias(str(hyperparameters.get("normalization", "none")))
    return nn.Conv2d(channels, width, size, stride=stride, padding=size // 2, bias=bias)


def activated(channels: int, hyperparameters: Mapping[str, Any]) -> OrderedDict[str, nn.Module]:
    """Makes the normalization, if any, and the activation of feature maps."""
    name = str(hyperparameters.get("normalization", "none"))
    modules = OrderedDict(normalization(name, channels, images=True))
    modules["activation"] = ACTIVATIONS[hyperparameters["activation"]].module()
    return modules


def numbered(modules: Mapping[str, nn.Module], number: int) -> OrderedDict[str, nn.Module]:
    """Returns the same modules under names that end with a number."""
    return OrderedDict((f"{name}_{number}", module) for name, module in modules.items())


def stem(
    image: tuple[int, int, int], channels: int, hyperparameters: Mapping[str, Any]
) -> OrderedDict[str, nn.Module]:
    """Convolutions from the image to the first stage's feature maps, (N, channels, h, w).

    There are as many as bring the shorter side to 2 to 4 times `SMALLEST_SIDE`, at least one; an
    image that is smaller keeps its size. The last is not activated: the stage behind it begins
    with an activation.
    """
    strides = [2] * halvings(image[1:], smallest=2 * SMALLEST_SIDE) or [1]
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels_in = image[0]
    for number, stride in enumerate(strides, start=1):
        layer = convolution(channels_in, channels, hyperparameters, stride=stride)
        modules[f"stem_{number}"] = layer
        if number < len(strides):
            modules.update(numbered(activated(channels, hyperparameters), number))
        channels_in = channels
    return modules


def has_second_stage(image: tuple[int, int, int]) -> bool:
    """Returns whether what comes out of the stem is halved once more."""
    return min(image[1:]) > SMALLEST_SIDE


def readout(
    channels: int, task: Task, hyperparameters: Mapping[str, Any]
) -> OrderedDict[str, nn.Module]:
    """Makes normalization, activation, mean over pixels, linear readout."""
    modules = activated(channels, hyperparameters)
    modules["pool"] = GlobalAverage()
    modules["output"] = nn.Linear(channels, task.outputs)
    return modules
