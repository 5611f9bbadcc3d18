"""The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn ships."""

from __future__ import annotations

import torch

from study.engine.tasks.task import Task, classification

TARGET_ACCURACY = 0.8
"""Any network whose gradients arrive passes this within 200 steps at a fitting learning rate."""


def digits() -> Task:
    """Digits as flat vectors of 64 pixels, standardized as a whole (mean 0, variance 1).

    Standardizing all pixels together keeps the second moment of the inputs at 1, which is where
    mean-field theory starts, and leaves the blank border pixels constant.

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998.
    """
    from sklearn.datasets import load_digits  # Takes a second; other tasks do without.

    pixels, labels = load_digits(return_X_y=True)
    inputs = torch.as_tensor(pixels, dtype=torch.float64)
    inputs = (inputs - inputs.mean()) / inputs.std()
    return classification(
        "digits", inputs, torch.as_tensor(labels), classes=10, target=TARGET_ACCURACY
    )
