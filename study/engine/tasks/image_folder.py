"""Images in folders, one folder a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from study.engine.tasks.data.split import split
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task, classification

ENDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")

LARGEST = 500_000_000
"""Numbers that images may have in memory, 2 GB in single precision."""

SEED = 2016


def image_folder(
    *,
    root: Path,
    image_size: int,
    grey: bool = False,
    examples: int | None = None,
    validation: float = 0.0,
    target: float | None = None,
    balanced_metric: bool = False,
) -> Task:
    """Images (N, channels, size, size) from 0 to 1, labelled by the folder that they are in.

    Each is scaled so that its shorter side has `image_size` pixels, and its middle is taken.
    `standardize: inputs` under hyperparameters brings them to mean 0 and variance 1.

    Args:
        root: Has a folder for each label.
        image_size: Pixels of a side.
        grey: Whether there is one channel of brightness instead of three of colour.
        examples: A random selection of so many, always the same; by default all.
        validation: Share of the images that no trial trains on.
        target: Accuracy from which a trial counts as trained.
        balanced_metric: Whether accuracy is the mean over the labels of that among each.

    Raises:
        TaskError: If an argument is out of range.
        ValueError: If there are fewer than two labels, or more images than fit into memory.
        OSError: If a folder or file is missing or cannot be read.
    """
    check_at_least(1, image_size=image_size, examples=examples)
    names, files = _found(root)
    if examples is not None and examples < len(files):
        generator = torch.Generator().manual_seed(SEED)
        chosen = torch.randperm(len(files), generator=generator)[:examples].sort().values
        files = [files[index] for index in chosen.tolist()]
    channels = 1 if grey else 3
    if (numbers := len(files) * channels * image_size**2) > LARGEST:
        raise ValueError(
            f"{len(files)} images of {channels} x {image_size} x {image_size} have {numbers} "
            f"numbers, but at most {LARGEST} have room; give examples or a smaller image_size"
        )
    inputs = torch.stack([_pixels(path, image_size, grey) for path, _ in files])
    labels = torch.tensor([label for _, label in files])
    kept, held_out = split("image_folder", len(files), validation)
    return classification(
        "image_folder",
        inputs[kept],
        labels[kept],
        classes=len(names),
        target=target,
        validation=None if held_out is None else (inputs[held_out], labels[held_out]),
        balanced_metric=balanced_metric,
    )


def _found(root: Path) -> tuple[list[str], list[tuple[Path, int]]]:
    """Returns the labels' names, and each file with its label's number."""
    if not root.is_dir():
        raise FileNotFoundError(f"there must be a folder {root}, but there is none")
    images = {
        folder.name: sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDS)
        for folder in sorted(root.iterdir())
        if folder.is_dir()
    }
    names = [name for name, files in images.items() if files]
    if len(names) < 2:
        raise ValueError(
            f"{root} must have a folder of images for each of two or more labels, but has images "
            f"in {', '.join(names) or 'none'} ({', '.join(ENDS)})"
        )
    files = [(path, label) for label, name in enumerate(names) for path in images[name]]
    return names, files


def _pixels(path: Path, size: int, grey: bool) -> Tensor:
    """(channels, size, size) from 0 to 1."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # mlflow brings it along.

    try:
        with Image.open(path) as image:
            fitted = ImageOps.fit(image.convert("L" if grey else "RGB"), (size, size))
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no image that can be read") from error
    values = torch.from_numpy(np.array(fitted, dtype=np.uint8)).float() / 255
    return values.unsqueeze(0) if grey else values.permute(2, 0, 1).contiguous()
