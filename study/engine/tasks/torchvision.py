"""Labelled images of torchvision's data sets, from files that lie there already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from study.engine.tasks.data.standardization import standardized
from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.task import Task, classification

INSTALL = "pip install 'gradscape[torchvision]'"

DATASETS: dict[str, dict[str, object]] = {
    "CIFAR10": {"train": True},
    "CIFAR100": {"train": True},
    "EMNIST": {"train": True, "split": "balanced"},
    "EuroSAT": {},
    "FashionMNIST": {"train": True},
    "GTSRB": {"split": "train"},
    "ImageFolder": {},
    "Imagenette": {"split": "train"},
    "KMNIST": {"train": True},
    "MNIST": {"train": True},
    "QMNIST": {"train": True},
    "STL10": {"split": "train"},
    "SVHN": {"split": "train"},
    "USPS": {"train": True},
}
"""Data sets of images with one whole number as label, and how to ask for their training part."""

SEED = 2016

LARGEST = 500_000_000
"""Numbers that a data set may have in memory, 2 GB in single precision."""

TARGET_SHARE = 0.3
"""Of the way from chance to perfect, where the study file has no target: on CIFAR10 some 200 steps
of a small network, and far from what one gets that sees nothing but the brightness of an image."""


def torchvision(
    *,
    dataset: str,
    root: Path,
    examples: int | None = None,
    image_size: int | None = None,
    target: float | None = None,
) -> Task:
    """Images (N, channels, height, width) standardized as a whole, with their labels.

    Args:
        dataset: Name of the class in torchvision.datasets. Never downloads anything.
        root: The folder that torchvision calls so.
        examples: A random selection of so many, always the same; by default all, in the data
            set's order.
        image_size: Images are scaled to so many pixels in both directions; by default they stay.
        target: Accuracy from which a trial counts as trained.

    Raises:
        TaskError: If torchvision is missing, or an argument is out of range.
        ValueError: If images have different sizes, or are too many for the memory.
        OSError: If files are missing or cannot be read.
    """
    if dataset not in DATASETS:
        raise TaskError(
            f"unknown data set {dataset!r}; known: {', '.join(DATASETS)}", parameter="dataset"
        )
    check_at_least(1, examples=examples, image_size=image_size)
    data = _opened(dataset, root)
    chosen = _chosen(len(data), examples)
    pixels, labels = _loaded(data, chosen, image_size)
    classes = max(len(getattr(data, "classes", ())), int(labels.max()) + 1)
    chance = float(labels.bincount().max()) / len(labels)
    reached = chance + TARGET_SHARE * (1 - chance) if target is None else target
    if not chance < reached <= 1:
        raise TaskError(
            f"`chance < target <= 1` must hold, but got {reached:g} where the most frequent label "
            f"has {chance:.3g} of the images",
            parameter="target",
        )
    return classification(
        "torchvision", standardized(pixels), labels, classes=classes, target=reached
    )


def _library() -> ModuleType:
    """torchvision.datasets, imported when a study asks for it."""
    try:
        from torchvision import datasets
    except ModuleNotFoundError as error:
        raise TaskError(f"the task torchvision needs {error.name}; {INSTALL}") from error
    except (ImportError, OSError, RuntimeError) as error:
        # A torchvision of another torch (or of one with other devices) fails in its operators.
        raise TaskError(
            f"the installed torchvision does not fit torch {torch.__version__} "
            f"({' '.join(str(error).split())}); {INSTALL}"
        ) from error
    return datasets


def _opened(dataset: str, root: Path) -> Any:
    make = getattr(_library(), dataset)
    try:
        return make(str(root), **DATASETS[dataset])
    except RuntimeError as error:
        if "not found" not in str(error).lower():
            raise
        raise FileNotFoundError(
            f"{root} must hold {dataset} as torchvision lays it out, which downloads it with "
            f"`torchvision.datasets.{dataset}(..., download=True)`; gradscape does not"
        ) from error


def _chosen(available: int, examples: int | None) -> Sequence[int]:
    if examples is None or examples >= available:
        return range(available)
    # Many data sets are sorted by label: the first few would be of one kind.
    generator = torch.Generator().manual_seed(SEED)
    chosen: list[int] = torch.randperm(available, generator=generator)[:examples].tolist()
    return chosen


def _loaded(data: Any, chosen: Sequence[int], image_size: int | None) -> tuple[Tensor, Tensor]:
    """Pixels (N, channels, height, width) from 0 to 1, and labels (N,)."""
    pixels = torch.empty(0)
    labels = torch.empty(len(chosen), dtype=torch.int64)
    for row, index in enumerate(chosen):
        image, label = data[index]
        if image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
        if image_size is not None:
            image = image.resize((image_size, image_size))
        values = torch.from_numpy(np.array(image, dtype=np.uint8))
        values = values.unsqueeze(0) if values.ndim == 2 else values.permute(2, 0, 1)
        if row == 0:
            pixels = _room(len(chosen), values.shape)
        if values.shape != pixels.shape[1:]:
            raise ValueError(
                f"images must have one size, but some have {_sizes(pixels.shape[1:])} and some "
                f"{_sizes(values.shape)} (channels x height x width); give an image_size"
            )
        pixels[row] = values / 255
        labels[row] = int(label)
    return pixels, labels


def _room(examples: int, shape: Sequence[int]) -> Tensor:
    numbers = examples * int(np.prod(shape))
    if numbers > LARGEST:
        raise ValueError(
            f"{examples} images of {_sizes(shape)} have {numbers} numbers, but at most {LARGEST} "
            f"have room; give examples or image_size"
        )
    return torch.empty(examples, *shape)


def _sizes(shape: Sequence[int]) -> str:
    return " x ".join(str(size) for size in shape)
