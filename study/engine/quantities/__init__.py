"""Per-layer quantities by source. A quantity is one file and one line in a table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from study.engine.quantities.activation_moments import activation_mean, activation_std
from study.engine.quantities.activation_zeros import dead_fraction, zero_fraction
from study.engine.quantities.nonfinite import nonfinite_count
from study.engine.quantities.rms import rms
from study.engine.quantities.saturation import saturated_fraction

ON_DELTA = {"delta_rms": rms}
"""Of the loss gradient by the pre-activation, (K, B, ...) -> (K,)."""

OF_CALL = {
    "delta_rms_first_call": 0.0,
    "delta_rms_early_call": 0.25,
    "delta_rms_middle_call": 0.5,
    "delta_rms_late_call": 0.75,
    "delta_rms_last_call": 1.0,
}
"""The rms of delta of one call of a layer that is called once a time step, and how far on the way
from the first call to the last one that is."""

PREACTIVATION = "preactivation_rms"
"""The rms of a layer's outputs. They are measured when they come, and not kept for more."""

ON_ACTIVATION = {
    "activation_mean": activation_mean,
    "activation_std": activation_std,
    "zero_fraction": zero_fraction,
    "dead_fraction": dead_fraction,
}
"""Of a layer's activations, (K, B, ...) -> (K,)."""

ON_WEIGHT: Mapping[str, Callable[[Tensor], Tensor]] = {}
"""Of a layer's weight before the update, (K, ...) -> (K,), beside its rms."""

ON_WEIGHT_GRADIENT: Mapping[str, Callable[[Tensor], Tensor]] = {}
"""Of the unclipped gradient of a layer's weight, (K, ...) -> (K,), beside its rms."""

__all__ = [
    "OF_CALL",
    "ON_ACTIVATION",
    "ON_DELTA",
    "ON_WEIGHT",
    "ON_WEIGHT_GRADIENT",
    "PREACTIVATION",
    "nonfinite_count",
    "rms",
    "saturated_fraction",
]
