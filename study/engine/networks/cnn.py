"""A plain convolutional network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import nn

from study.engine.networks.images import (
    SMALLEST_SIDE,
    GlobalAverage,
    activated,
    convolution,
    halvings,
    image_shape,
    numbered,
)
from study.engine.tasks.task import Task


def cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` 3 x 3 convolutions of `width` channels, mean over pixels, linear readout.

    The first layers halve the image while its shorter side is at least 14 pixels; all others see
    7 to 13 pixels. So layers are alike at any depth, as in mean-field theory (Xiao et al., ICML
    2018), but for the border: zeros, where the theory wraps around.

    Raises:
        ValueError: If the task's inputs are no images, or a name is unknown.
    """
    channels, *sides = image_shape("cnn", task)
    width = int(hyperparameters["width"])
    halved = halvings((sides[0], sides[1]), smallest=SMALLEST_SIDE)
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number in range(1, hyperparameters["depth"] + 1):
        stride = 2 if number <= halved else 1
        layer = convolution(channels, width, hyperparameters, stride=stride)
        modules[f"convolution_{number}"] = layer
        modules.update(numbered(activated(width, hyperparameters), number))
        channels = width
    modules["pool"] = GlobalAverage()
    modules["output"] = nn.Linear(channels, task.outputs)
    return nn.Sequential(modules)
