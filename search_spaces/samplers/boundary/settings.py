"""Figures of the boundary sampler's method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Figures of the method; the defaults were chosen by benchmarks/boundary.py.

    Attributes:
        pairs: Random cosines and sines that stand for the kernel.
        lengths: Over which the map may change, in units in which a range is 3 long; the
            likeliest is taken.
        candidates: Points that a trial may be placed at, a power of two.
        stable_weight: Weight of the boundary of stable, 0 to 1; the others share the rest.
        packing: Bonus for candidates that fill a cohort, see `Batch`.
        most: Observations that forests, and the boundaries of verdicts of less weight, are fitted
            to; of more a random part is taken.
    """

    pairs: int = 128
    lengths: tuple[float, ...] = (0.6, 1.1, 1.6, 2.2, 3.4)
    candidates: int = 1024
    stable_weight: float = 0.95
    packing: float = 0.05
    most: int = 3000
