"""Clipping by global norm, per trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

NORM_EPSILON = 1e-6
"""Keeps the factor finite for a zero gradient; the constant of torch's clip_grad_norm_."""


def clip_norm(hyperparameters: Mapping[str, Any]) -> float:
    """The trial's clip norm; infinity where nothing is clipped."""
    value = hyperparameters.get("clip_norm", "none")
    return math.inf if value == "none" else float(value)


def clip_factor(grad_norm_K: Tensor, clip_norm_K: Tensor) -> Tensor:
    """What each trial's gradient is multiplied by: min(1, c / (|g| + 1e-6)), shape (K,).

    References:
        Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013.
    """
    return (clip_norm_K / (grad_norm_K + NORM_EPSILON)).clamp(max=1.0)
