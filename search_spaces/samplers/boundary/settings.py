"""Figures of the boundary sampler's method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Figures of the method; the defaults were chosen by benchmarks/boundary.py.

    Attributes:
        candidates: Points that a trial may be placed at, a power of two.
        inducing: Observed trials that stand for all in the model, at most.
        kernel_from: Observations that the kernel is chosen from, at most, a power of two.
        most: Observations that the model is fitted to; of more a random part is taken.
        packing: Bonus for candidates that fill a cohort, see `Batch`.
    """

    candidates: int = 1024
    inducing: int = 256
    kernel_from: int = 512
    most: int = 4096
    packing: float = 0.05
