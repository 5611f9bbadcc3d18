"""Inputs of mean 0 and variance 1."""

from __future__ import annotations

from torch import Tensor


def standardized(inputs: Tensor) -> Tensor:
    """Returns the same tensor with mean 0 and variance 1 over all of its numbers.

    Raises:
        ValueError: If all numbers are equal.
    """
    std = inputs.std()
    if not std > 0:
        raise ValueError("inputs must differ, but all of their numbers are equal")
    return (inputs - inputs.mean()) / std
