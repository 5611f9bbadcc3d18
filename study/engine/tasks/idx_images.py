"""Labelled grey images from a folder of MNIST-format IDX files: MNIST, Fashion-MNIST, EMNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from study.engine.tasks.data.standardization import standardized
from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.idx_format import read_idx
from study.engine.tasks.task import Task, classification

TARGET_ACCURACY = 0.8
"""Networks whose gradients arrive pass this on MNIST within 200 steps; guessing has a tenth."""


def idx_images(
    *,
    folder: Path,
    split: str = "train",
    examples: int | None = None,
    target: float = TARGET_ACCURACY,
) -> Task:
    """Images (N, 1, height, width) standardized as a whole, with their labels.

    Args:
        folder: Holds `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, also with `.idx3`
            and `.idx1` in the name, compressed with gzip or not.
        split: What the files' names begin with: `train`, or `t10k` for MNIST's test images.
        examples: Only the first so many; by default all.
        target: Accuracy from which a trial counts as trained.

    Raises:
        TaskError: If `examples` or `target` is out of range.
        ValueError: If a file is damaged, or images and labels do not belong together.
        OSError: If a file is missing or cannot be read.
    """
    check_at_least(1, examples=examples)
    images_file = _find(folder, f"{split}-images", "idx3-ubyte")
    labels_file = _find(folder, f"{split}-labels", "idx1-ubyte")
    pixels = read_idx(images_file, dimensions=3, first=examples)
    labels = read_idx(labels_file, dimensions=1)
    # Of all labels, not of the first few: the same file always asks for the same outputs.
    classes = int(labels.max()) + 1
    if examples is None and len(pixels) != len(labels) or len(labels) < len(pixels):
        raise ValueError(
            f"there must be a label for every image, but {images_file} has {len(pixels)} images "
            f"and {labels_file} has {len(labels)} labels"
        )
    labels = labels[: len(pixels)].astype(np.int64)
    chance = np.bincount(labels).max() / len(labels)
    if not chance < target <= 1:
        raise TaskError(
            f"`chance < target <= 1` must hold, but got {target} where the most frequent label "
            f"has {chance:.3g} of the images",
            parameter="target",
        )
    inputs = standardized(torch.as_tensor(pixels.astype(np.float32))).unsqueeze(1)
    return classification(
        "idx_images", inputs, torch.as_tensor(labels), classes=classes, target=target
    )


def _find(folder: Path, name: str, kind: str) -> Path:
    """Returns the file of this name, however it is spelled."""
    spellings = [f"{name}{joint}{kind}{end}" for joint in "-." for end in ("", ".gz")]
    for spelling in spellings:
        if (folder / spelling).is_file():
            return folder / spelling
    if not folder.is_dir():
        raise FileNotFoundError(f"there must be a folder {folder}, but there is none")
    others = sorted(path.name for path in folder.iterdir() if "ubyte" in path.name)
    raise FileNotFoundError(
        f"{folder} must hold {' or '.join(spellings)}, but has "
        f"{', '.join(others) if others else 'no IDX files'}"
    )
