"""Boxes that a model of the whole space finds stable, with a bound on their purity.

Boxes are grown (`search.trajectory`) among configurations drawn uniformly from the space, each
with its probability of stable. Draws from the model's posterior give the purity of a box as a
distribution: its lower quantile is the bound, which takes in that nearby configurations err
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.safe_regions.box import Box
from analysis.safe_regions.search import fewer_faces, sliced, trajectory
from analysis.space.coordinates import Coordinate

PURITIES = (0.9, 0.8, 0.65, 0.5)
"""A region is to have the first of these purities of which there is one of enough volume."""

LEAST_VOLUME = 0.01
"""Share of the space below which a region is no advice."""

WIDENED = 2.5
"""Draws vary less than half as much as regions that were searched for miss their mean: measured by
`benchmarks/safe_regions.py`, 127 regions of studies of 512 trials. The search favours where the
model errs upward, and the model's lengths and amplitudes are single values."""

PER_CONDITION = 0.97
"""Of two boxes with one condition between them, the simpler may be so much smaller."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A box and what the model says of it.

    Attributes:
        box: The box.
        volume: Share of the space, 0 to 1.
        purity: Mean probability of stable in it.
        low: Lower bound of the purity.
        fresh: Share of the space that no earlier candidate covers.
    """

    box: Box
    volume: float
    purity: float
    low: float
    fresh: float


class Belief:
    """What a model believes of configurations drawn from the space.

    Args:
        known: Their coordinates, of M configurations.
        draws_SxM: Probability of stable in S draws from the model's posterior.
        confidence: One-sided, of bounds, in (0, 1).
    """

    def __init__(
        self,
        known: Sequence[Coordinate],
        draws_SxM: NDArray[np.float64],  # noqa: N803
        *,
        confidence: float,
    ) -> None:
        self.known = tuple(known)
        self.mean_M = draws_SxM.mean(axis=0)
        self._draws_SxM = draws_SxM
        self._confidence = confidence
        self._axes = [sliced(each) for each in known]

    def measure(self, box: Box, left: NDArray[np.bool_]) -> Candidate:
        """Measures a box; `left` are the configurations that no earlier one covers [M]."""
        inside = box.holds(self.known, len(self.mean_M))
        if not inside.any():
            return Candidate(box=box, volume=0.0, purity=0.0, low=0.0, fresh=0.0)
        purities_S = self._draws_SxM[:, inside].mean(axis=1)
        mean = float(purities_S.mean())
        quantile = float(np.quantile(purities_S, 1 - self._confidence))
        return Candidate(
            box=box,
            volume=float(inside.mean()),
            purity=mean,
            low=max(0.0, mean - WIDENED * (mean - quantile)),
            fresh=float((inside & left).mean()),
        )

    def grown(self, left: NDArray[np.bool_]) -> list[Candidate]:
        """Returns boxes from nearly everything to the purest part of what is left."""
        boxes = trajectory(self._axes, self.mean_M, left)
        return [self.measure(box, left) for box in boxes]

    def simplified(self, best: Candidate, purity: float, left: NDArray[np.bool_]) -> Candidate:
        """Returns the candidate without the conditions that its purity does not need."""
        while True:
            simpler = [self.measure(box, left) for box in fewer_faces(best.box) if box.conditions]
            simpler = [
                each for each in simpler if each.low >= purity and _size(each) > _size(best)
            ]
            if not simpler:
                return best
            best = max(simpler, key=_size)


def largest(belief: Belief, purity: float, left: NDArray[np.bool_]) -> Candidate | None:
    """Finds the largest box whose purity has this lower bound; None if there is none.

    Args:
        belief: What the model says.
        purity: The bound wanted, in (0, 1).
        left: Configurations that no earlier box covers [M]; the box is to add of these.
    """
    pure = [each for each in belief.grown(left) if each.low >= purity]
    pure = [belief.simplified(each, purity, left) for each in pure]
    best = max(pure, key=_size, default=None)
    return best if best is not None and best.fresh >= LEAST_VOLUME else None


def candidates(belief: Belief, *, most: int) -> list[Candidate]:
    """Finds regions one after another, each where those before do not reach.

    Args:
        belief: What the model says.
        most: Regions at most, >= 1.

    Returns:
        Those of the highest purity of `PURITIES` that has any, the largest first.
    """
    for purity in PURITIES:
        left = np.ones(len(belief.mean_M), dtype=bool)
        found: list[Candidate] = []
        while len(found) < most and (best := largest(belief, purity, left)) is not None:
            found.append(best)
            left = left & ~best.box.holds(belief.known, len(left))
        if found:
            return sorted(found, key=lambda each: -each.volume)
    return []


def _size(candidate: Candidate) -> float:
    return candidate.fresh * PER_CONDITION ** len(candidate.box.conditions)
