"""The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn ships."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from study.engine.tasks.data.standardization import standardized
from study.engine.tasks.task import Task, classification

TARGET_ACCURACY = 0.8
"""Any network whose gradients arrive passes this within 200 steps at a fitting learning rate."""


def digits() -> Task:
    """Digits as images of one channel, (N, 1, 8, 8), standardized as a whole.

    Standardizing all pixels together keeps the second moment of the inputs at 1, which is where
    mean-field theory starts, and leaves the blank border pixels constant.

    Returns:
        1,797 examples; inputs in double precision.

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998.
    """
    pixels, labels = pixels_and_labels()
    images = torch.tensor(pixels, dtype=torch.float64).view(-1, 1, 8, 8)
    return classification(
        "digits",
        standardized(images),
        torch.as_tensor(labels),
        classes=10,
        target=TARGET_ACCURACY,
    )


@cache
def pixels_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """Reads (N, 64) from 0 to 16, and (N,), from the file that scikit-learn ships.

    Once: the arrays are the same each time, so nobody may write into them. And without importing
    it: that takes each worker a second.
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("task digits needs scikit-learn, which is not installed")
    path = Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    if not path.exists():  # Of a version that keeps it elsewhere.
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return pixels, labels
    with gzip.open(path) as file:
        rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)
