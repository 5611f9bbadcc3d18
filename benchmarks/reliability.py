"""Reliability of predicted probabilities, beside what chance alone would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TENTHS = 10
_DRAWS = 2000


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """Predictions of one tenth of the unit interval.

    Attributes:
        trials: Their number.
        said: Mean of what was said.
        came: Share of what came.
    """

    trials: int
    said: float
    came: float


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How far what was said is from what came.

    Attributes:
        tenths: Those that have trials, from small to large.
        worst: Largest difference among the tenths with at least 20 trials.
        worst_by_chance: Its 95 % quantile, were each probability exactly right: in a tenth of 20
            trials around one half, 0.2 is common.
        beyond_chance: Root of the mean squared difference, a tenth counted by its trials, less
            what chance adds to it; 0 where chance explains all.
        tail: Probability that chance alone would make the mean squared difference as large.
    """

    tenths: tuple[Tenth, ...]
    worst: float
    worst_by_chance: float
    beyond_chance: float
    tail: float


def reliability(said: Floats, came: NDArray[np.bool_], *, least: int = 20) -> Reliability:
    """Compares probabilities with outcomes.

    Args:
        said: Probabilities [N].
        came: Whether it came [N].
        least: Trials that a tenth needs for `worst`.
    """
    index = np.minimum((said * TENTHS).astype(int), TENTHS - 1)
    counts = np.bincount(index, minlength=TENTHS)
    filled = counts > 0
    expected = np.bincount(index, said, TENTHS)[filled]
    rng = np.random.default_rng(0)
    drawn = np.array(
        [np.bincount(index, rng.random(len(said)) < said, TENTHS)[filled] for _ in range(_DRAWS)]
    )
    n = counts[filled]
    observed = np.bincount(index, came, TENTHS)[filled]
    off, off_by_chance = (observed - expected) / n, (drawn - expected) / n
    large = n >= least
    squares = float(np.average(off**2, weights=n))
    by_chance = np.average(off_by_chance**2, weights=n, axis=1)
    return Reliability(
        tenths=tuple(
            Tenth(trials=int(count), said=float(mean), came=float(share))
            for count, mean, share in zip(n, expected / n, observed / n, strict=True)
        ),
        worst=float(np.abs(off[large]).max(initial=0.0)),
        worst_by_chance=float(
            np.quantile(np.abs(off_by_chance[:, large]).max(axis=1, initial=0.0), 0.95)
        ),
        beyond_chance=float(np.sqrt(max(squares - by_chance.mean(), 0.0))),
        tail=float(np.mean(by_chance >= squares)),
    )


def print_reliability(said: Floats, came: NDArray[np.bool_]) -> None:
    """Prints the tenths, and the figures of them all."""
    found = reliability(said, came)
    for tenth in found.tenths:
        print(f"{tenth.trials:6} trials: said {tenth.said:.3f}, came {tenth.came:.3f}")
    print(
        f"worst tenth {found.worst:.3f} (chance alone: up to {found.worst_by_chance:.3f} in "
        f"95 %); beyond chance {found.beyond_chance:.3f} (p = {found.tail:.3f})"
    )
