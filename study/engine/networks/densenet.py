"""A densely connected convolutional network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.images import (
    activated,
    convolution,
    has_second_stage,
    image_shape,
    readout,
    stem,
)
from study.engine.tasks.task import Task

STEM = 2
"""Channels before the first dense layer, in growth rates."""

COMPRESSION = 0.5
"""Share of the channels that a transition keeps."""


def densenet(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds a stem, `depth` dense layers of `growth_rate` channels, mean over pixels, readout.

    A dense layer is [h, W f(h)] with f = activation(normalization(.)) of all channels before it
    and a 3 x 3 convolution W. Half-way a transition, a 1 x 1 convolution and a mean over 2 x 2
    pixels, halves channels and image. Without bottlenecks: `depth` counts the weights in a row.

    Raises:
        ValueError: If the task's inputs are no images, or a name is unknown.

    References:
        Huang et al., Densely Connected Convolutional Networks, CVPR 2017, sec. 3.
    """
    image = image_shape("densenet", task)
    depth, growth = int(hyperparameters["depth"]), int(hyperparameters["growth_rate"])
    channels = STEM * growth
    modules = stem(image, channels, hyperparameters)
    half = (depth + 1) // 2
    for number in range(1, depth + 1):
        modules[f"layer_{number}"] = DenseLayer(channels, growth, hyperparameters)
        channels += growth
        if number == half and number < depth and has_second_stage(image):
            kept = int(COMPRESSION * channels)
            modules["transition"] = _transition(channels, kept, hyperparameters)
            channels = kept
    modules.update(readout(channels, task, hyperparameters))
    return nn.Sequential(modules)


class DenseLayer(nn.Module):
    """What comes in, and behind it the channels computed from it.

    Args:
        channels: Of the input (N, channels, H, W).
        growth: Channels that are added.
        hyperparameters: `activation`, `normalization`.
    """

    def __init__(self, channels: int, growth: int, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__()
        modules = activated(channels, hyperparameters)
        modules["convolution"] = convolution(channels, growth, hyperparameters)
        self.added = nn.Sequential(modules)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.cat([inputs, self.added(inputs)], dim=1)


def _transition(channels: int, kept: int, hyperparameters: Mapping[str, Any]) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = activated(channels, hyperparameters)
    modules["convolution"] = convolution(channels, kept, hyperparameters, size=1)
    modules["pool"] = nn.AvgPool2d(2)
    return nn.Sequential(modules)
