"""Scales of a network's forward pass and of its initial weights, by its width and depth.

Widths and depths count in those of a base network, whose settings carry over: at the base's own
width and depth every factor here is exactly 1. What the standard initializations do is kept: input
weights of variance 1 / fan_in, hidden ones too, with a fan_in that grows.

References:
    Yang et al., Tensor Programs V: tuning large neural networks via zero-shot hyperparameter
    transfer, 2022, table 3; Yang et al., Tensor Programs VI: feature learning in infinite-depth
    neural networks, 2023, table 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

STANDARD = "standard"
DEPTH = "depth_mup"
PARAMETRIZATIONS = (STANDARD, "mup", DEPTH)


def parametrization_of(hyperparameters: Mapping[str, Any]) -> str:
    """Returns the trial's parametrization, one of PARAMETRIZATIONS.

    Raises:
        ValueError: If it is another one.
    """
    name = str(hyperparameters.get("parametrization", STANDARD))
    if name not in PARAMETRIZATIONS:
        raise ValueError(f"unknown parametrization {name!r}; known: {', '.join(PARAMETRIZATIONS)}")
    return name


def width_ratio(hyperparameters: Mapping[str, Any]) -> float:
    """Returns m = width / base_width; 1 under the standard parametrization.

    Raises:
        ValueError: If a network without `width` is asked for one of the others.
    """
    name = parametrization_of(hyperparameters)
    return 1.0 if name == STANDARD else _ratio("width", name, hyperparameters)


def depth_ratio(hyperparameters: Mapping[str, Any]) -> float:
    """Returns depth / base_depth under depth_mup, else 1.

    Raises:
        ValueError: If a network without `depth` is asked for it.
    """
    name = parametrization_of(hyperparameters)
    return _ratio("depth", name, hyperparameters) if name == DEPTH else 1.0


def branch_scale(hyperparameters: Mapping[str, Any]) -> float:
    """Returns the factor on what a residual branch adds: `residual_scale` sqrt(base_depth / L).

    Sums of L branches then stay of one size, at the start and after steps that agree.
    """
    scale = float(hyperparameters.get("residual_scale", 1.0))
    return scale / math.sqrt(depth_ratio(hyperparameters))


def output_scale(hyperparameters: Mapping[str, Any]) -> float:
    """Returns the factor on the readout's initial weights: 1 / sqrt(m), a variance 1 / m."""
    return 1.0 / math.sqrt(width_ratio(hyperparameters))


def score_scale(hyperparameters: Mapping[str, Any]) -> float:
    """Returns the factor on attention's scores q k^T / sqrt(d): 1 / sqrt(m).

    With a given number of heads that is sqrt(d_0) / d, of the base's heads of d_0 numbers.
    Queries and keys come to agree in training, so that their product grows as d.
    """
    return output_scale(hyperparameters)


def _ratio(size: str, name: str, hyperparameters: Mapping[str, Any]) -> float:
    base = f"base_{size}"
    missing = [each for each in (size, base) if each not in hyperparameters]
    if missing:
        raise ValueError(f"parametrization {name} needs {' and '.join(missing)}")
    return float(hyperparameters[size]) / float(hyperparameters[base])
