"""Normalizations by name. They stand between a layer and its activation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

GROUPS = 8
"""Most groups of a group normalization; the paper's 32 are for layers of 64 to 2,048 channels."""

SMALLEST_GROUP = 4
"""Units of a group at least: a group of one would always be normalized to zero."""


def _batch(units: int, images: bool) -> nn.Module:
    # Running statistics are written in place, which vmap cannot do; nothing here is evaluated.
    kind = nn.BatchNorm2d if images else nn.BatchNorm1d
    return kind(units, track_running_stats=False)


def _layer(units: int, images: bool) -> nn.Module:
    return nn.GroupNorm(1, units) if images else nn.LayerNorm(units)


def _group(units: int, images: bool) -> nn.Module:
    return nn.GroupNorm(group_count(units), units)


def _rms(units: int, images: bool) -> nn.Module:
    return ImageRmsNorm(units) if images else nn.RMSNorm(units)


class ImageRmsNorm(nn.Module):
    """Divides an example by its root mean square over channels and pixels, then scales channels.

    Args:
        channels: Of the images, (N, channels, height, width).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, images: Tensor) -> Tensor:
        square = images.square().mean(dim=(1, 2, 3), keepdim=True)
        least = torch.finfo(images.dtype).eps
        return images * torch.rsqrt(square + least) * self.weight[:, None, None]


NORMALIZATIONS: dict[str, Callable[[int, bool], nn.Module] | None] = {
    "none": None,
    "batch": _batch,
    "layer": _layer,
    "group": _group,
    "rms": _rms,
}


def normalization(name: str, units: int, *, images: bool = False) -> dict[str, nn.Module]:
    """Returns the module under the name it has in its network; nothing for `none`.

    - `batch`: over the batch (and pixels), by unit; of the batch at hand, also outside training
      (Ioffe and Szegedy, ICML 2015).
    - `layer`: over all units (and pixels) of an example (Ba et al. 2016); of images with a scale
      and a shift for each channel.
    - `group`: over groups of neighbouring units (and pixels) of an example (Wu and He, ECCV 2018).
    - `rms`: as `layer`, but nothing is subtracted, and there is no shift (Zhang and Sennrich,
      NeurIPS 2019).

    Args:
        name: One of `NORMALIZATIONS`.
        units: Channels of images, features of vectors.
        images: Whether it is given (N, units, height, width), else (N, units).

    Raises:
        ValueError: If the name is unknown.
    """
    if name not in NORMALIZATIONS:
        raise ValueError(f"unknown normalization {name!r}; known: {', '.join(NORMALIZATIONS)}")
    make = NORMALIZATIONS[name]
    return {} if make is None else {"normalization": make(units, images)}


def needs_bias(name: str) -> bool:
    """Returns whether a layer's bias has an effect: batch normalization subtracts any constant.

    Its gradient would be rounding noise, which an adaptive optimizer turns into steps.
    """
    return name != "batch"


def group_count(units: int) -> int:
    """Returns the largest number of groups that divides the units and leaves none too small."""
    most = max(1, min(GROUPS, units // SMALLEST_GROUP))
    return max(count for count in range(1, most + 1) if units % count == 0)
