"""How many numbers there are."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def count(values: Tensor) -> Tensor:
    """Numbers by trial, (K, ...) -> (K,): with it an rms gives the Euclidean norm."""
    return torch.full((len(values),), float(math.prod(values.shape[1:])), device=values.device)
