"""Shares of an activation's inputs beyond given limits, from what is stored of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from study.verdicts.published.recorded import Booleans, Recorded

ROUNDING = 1e-5
"""Relative; means of float32 numbers are known to about this."""


def inputs_beyond(
    records: Recorded, limits: Mapping[str, tuple[float, float]], *, share: float
) -> Booleans:
    """Marks layers of whose activation's inputs more than a share is beyond limits, (n,).

    Inputs are taken for Gaussian with mean 0 and the rms of the layer's outputs. Where a
    normalization or a sum stands between a layer and its activation that is not so; therefore the
    share of flat activations, which was measured, must exceed the same share. It counts tanh from
    +-3 on and sigmoid from +-6 on, so beyond such limits it never hides a layer.

    Args:
        records: What the study recorded of the trials.
        limits: Lowest and highest ordinary input by the activation's name.
        share: The share of the inputs that is too much, 0 < share < 1.
    """
    layers = records.layers
    size = layers.values("preactivation_rms")
    beyond = np.zeros(len(layers), dtype=bool)
    for activation, (low, high) in limits.items():
        wide = size > rms_beyond(low, high, share)
        beyond |= wide & _has_activation(records, activation)
    return beyond & (layers.values("saturated_fraction") > share)


def rms_beyond(low: float, high: float, share: float) -> float:
    """Returns the standard deviation of N(0, s^2) of which a share lies outside of [low, high].

    Args:
        low: Below 0.
        high: Above 0.
        share: 0 < share < 1; more lies outside for a larger s.
    """
    unit = NormalDist()
    # A share on both sides together lies between these of either limit alone.
    narrow, wide = (side / -unit.inv_cdf(share / 2) for side in sorted((-low, high)))
    while wide - narrow > 1e-12 * wide:
        middle = (narrow + wide) / 2
        outside = unit.cdf(low / middle) + unit.cdf(-high / middle)
        narrow, wide = (middle, wide) if outside < share else (narrow, middle)
    return wide


def _has_activation(records: Recorded, name: str) -> Booleans:
    """Marks the layers with this activation, (n,).

    The hyperparameter says which, or, where there is none, the range of the activations.
    """
    named = records.has_name("activation", name)[records.layers.owner]
    unknown = records.is_null("activation")[records.layers.owner]
    if not unknown.any():
        return named
    mean = records.layers.values("activation_mean")
    square = mean**2 + records.layers.values("activation_std") ** 2
    # Of numbers in [0, 1] no square exceeds the number; of numbers in [-1, 1] none exceeds 1.
    in_unit = square <= mean * (1 + ROUNDING)
    in_range = {"sigmoid": in_unit, "tanh": ~in_unit & (square <= 1 + ROUNDING)}
    return np.where(unknown, in_range[name], named)
