"""Share of saturated activations."""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.activations import ACTIVATIONS
from study.engine.quantities.share import share_below

SATURATED_SLOPE = 0.01
"""A derivative below this share of its maximum counts as saturated: tanh beyond +-3."""


def saturated_fraction(activations_KxB: Tensor, activation: str | None) -> Tensor:
    """Computes the share of activations with a slope below 1 % of its maximum, (K,).

    NaN for activations that cannot saturate, whose output does not tell, or that are unknown.
    """
    slope = ACTIVATIONS[activation].slope if activation else None
    if slope is None:
        return activations_KxB.new_full((len(activations_KxB),), torch.nan)
    return share_below(slope(activations_KxB), SATURATED_SLOPE)
