"""A U-Net: an image in, numbers for each of its pixels out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.images import activated, convolution, image_shape, numbered
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

SMALLEST_SIDE = 4
"""Pixels of the coarsest level's shorter side, at least."""


def unet(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds stages of `depth` 3 x 3 convolutions: down, at the bottom, and up again.

    On the way down each level ends with a mean over 2 x 2 pixels, and the next has twice the
    channels, from `width` on. On the way up each pixel becomes 2 x 2, and behind its channels come
    those that the level had on the way down. A 1 x 1 convolution reads the pixels out, which are
    flattened channel by channel, (N, outputs). Images are halved while both sides are even and
    the shorter one keeps at least 4 pixels: 8 to 4, 28 to 14 and 7.

    Raises:
        ValueError: If the task's inputs are no images that can be halved, or outputs are not so
            many numbers a pixel, or a name is unknown.

    References:
        Ronneberger, Fischer and Brox, U-Net: Convolutional networks for biomedical image
        segmentation, MICCAI 2015, fig. 1; with padding, so that nothing is cropped.
    """
    channels, *sides = image_shape("unet", task)
    pixels = sides[0] * sides[1]
    if task.outputs % pixels:
        raise ValueError(
            f"network unet answers with numbers for each of {sides[0]} x {sides[1]} pixels, but "
            f"task {task.name} asks for {task.outputs} outputs, no multiple of {pixels}"
        )
    levels = _levels(sides)
    if levels == 0:
        raise ValueError(
            f"network unet halves images at least once: sides must be even and >= "
            f"{2 * SMALLEST_SIDE}, but those of task {task.name} are {sides[0]} x {sides[1]}"
        )
    return UNet(channels, levels, task.outputs // pixels, hyperparameters)


class UNet(nn.Module):
    """Stages with skip connections, (N, channels, H, W) -> (N, outputs * H * W).

    Args:
        channels: Of the image.
        levels: How often it is halved.
        outputs: Numbers for each pixel.
        hyperparameters: `depth`, `width`, `activation`, `normalization`.
    """

    def __init__(
        self, channels: int, levels: int, outputs: int, hyperparameters: Mapping[str, Any]
    ) -> None:
        super().__init__()
        widths = [int(hyperparameters["width"]) * 2**level for level in range(levels + 1)]
        before = [channels, *widths]
        self._levels = levels
        for level in range(levels):
            stage = _stage(before[level], widths[level], hyperparameters)
            self.add_module(f"down_{level + 1}", stage)
        self.pool = nn.AvgPool2d(2)
        self.bottom = _stage(before[levels], widths[levels], hyperparameters)
        for level in reversed(range(levels)):
            joined = widths[level + 1] + widths[level]
            self.add_module(f"up_{level + 1}", _stage(joined, widths[level], hyperparameters))
        self.output = nn.Conv2d(widths[0], outputs, 1)
        self.weight_roles = {"output.weight": WeightRole(readout=True)}

    def forward(self, images: Tensor) -> Tensor:
        values, skipped = images, []
        for level in range(1, self._levels + 1):
            values = self.get_submodule(f"down_{level}")(values)
            skipped.append(values)
            values = self.pool(values)
        values = self.bottom(values)
        for level in range(self._levels, 0, -1):
            joined = torch.cat([doubled(values), skipped.pop()], dim=1)
            values = self.get_submodule(f"up_{level}")(joined)
        outputs: Tensor = self.output(values)
        return outputs.flatten(1)


def doubled(images: Tensor) -> Tensor:
    """Makes 2 x 2 pixels of each, (N, C, H, W) -> (N, C, 2 H, 2 W)."""
    examples, channels, height, width = images.shape
    squares = images[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2)
    return squares.reshape(examples, channels, 2 * height, 2 * width)


def _stage(channels: int, width: int, hyperparameters: Mapping[str, Any]) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number in range(1, int(hyperparameters["depth"]) + 1):
        modules[f"convolution_{number}"] = convolution(channels, width, hyperparameters)
        modules.update(numbered(activated(width, hyperparameters), number))
        channels = width
    return nn.Sequential(modules)


def _levels(sides: Sequence[int]) -> int:
    count = 0
    while all(side % 2 == 0 for side in sides) and min(sides) >= 2 * SMALLEST_SIDE:
        sides, count = [side // 2 for side in sides], count + 1
    return count
