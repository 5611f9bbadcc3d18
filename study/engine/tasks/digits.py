"""The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn ships."""

from __future__ import annotations

import torch

from study.engine.tasks.standardization import standardized
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
    from sklearn.datasets import load_digits  # Takes a second; other tasks do without.

    pixels, labels = load_digits(return_X_y=True)
    images = torch.as_tensor(pixels, dtype=torch.float64).view(-1, 1, 8, 8)
    return classification(
        "digits",
        standardized(images),
        torch.as_tensor(labels),
        classes=10,
        target=TARGET_ACCURACY,
    )
