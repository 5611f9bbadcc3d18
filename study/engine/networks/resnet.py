"""A residual network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from study.engine.networks.images import (
    activated,
    convolution,
    has_second_stage,
    image_shape,
    numbered,
    readout,
    stem,
)
from study.engine.parametrizations import branch_scale
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole


def resnet(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds a stem, `depth` residual blocks of two convolutions, mean over pixels, readout.

    Blocks are of the pre-activation kind: h + residual_scale * W_2 f_2(W_1 f_1(h)) with f =
    activation(normalization(.)), so that the identity leads from the readout to the stem. The
    first half of the blocks has `width` channels; the first block of the second half halves the
    image and doubles the channels. Its shortcut has no parameters: every second pixel, and zeros
    in the new channels.

    Raises:
        ValueError: If the task's inputs are no images, or a name is unknown.

    References:
        He et al., Identity Mappings in Deep Residual Networks, ECCV 2016, fig. 1 (b).
        He et al., Deep Residual Learning, CVPR 2016, sec. 3.3: shortcuts of option A.
    """
    image = image_shape("resnet", task)
    depth, width = int(hyperparameters["depth"]), int(hyperparameters["width"])
    modules = stem(image, width, hyperparameters)
    first_stage = (depth + 1) // 2 if has_second_stage(image) else depth
    channels = width
    for number in range(1, depth + 1):
        after = width if number <= first_stage else 2 * width
        modules[f"block_{number}"] = ResidualBlock(channels, after, hyperparameters)
        channels = after
    modules.update(readout(channels, task, hyperparameters))
    network = nn.Sequential(modules)
    network.weight_roles = _roles(depth)  # type: ignore[assignment]
    names = [f"block_{number}" for number in range(1, depth + 1)]
    network.branch_modules = names  # type: ignore[assignment]
    return network


class ResidualBlock(nn.Module):
    """What comes in, plus a branch of two convolutions.

    Args:
        channels: Of the input (N, channels, H, W).
        width: Of the output; where it differs, the image is halved.
        hyperparameters: `activation`, `normalization`, `residual_scale`.
    """

    def __init__(self, channels: int, width: int, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__()
        self._stride = 1 if channels == width else 2
        self._added = width - channels
        self._scale = branch_scale(hyperparameters)
        branch: OrderedDict[str, nn.Module] = OrderedDict()
        branch.update(numbered(activated(channels, hyperparameters), 1))
        branch["convolution_1"] = convolution(
            channels, width, hyperparameters, stride=self._stride
        )
        branch.update(numbered(activated(width, hyperparameters), 2))
        branch["convolution_2"] = convolution(width, width, hyperparameters)
        self.branch = nn.Sequential(branch)

    def forward(self, inputs: Tensor) -> Tensor:
        shortcut = inputs
        if self._added:
            kept = inputs[:, :, :: self._stride, :: self._stride]
            shortcut = functional.pad(kept, (0, 0, 0, 0, 0, self._added))
        added: Tensor = self.branch(inputs)
        return shortcut + self._scale * added


def _roles(depth: int) -> dict[str, WeightRole]:
    roles = {"output.weight": WeightRole(readout=True)}
    for number in range(1, depth + 1):
        branch = f"block_{number}.branch"
        inner = WeightRole(branch="inner", branches=depth, branch_layers=2)
        last = WeightRole(branch="last", branches=depth, branch_layers=2)
        roles[f"{branch}.convolution_1.weight"] = inner
        roles[f"{branch}.convolution_2.weight"] = last
    return roles
