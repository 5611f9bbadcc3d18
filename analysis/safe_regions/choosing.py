"""Which of the boxes that were grown to show: large, pure, with few conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.safe_regions.box import Box
from analysis.safe_regions.search import fewer_faces
from analysis.space.coordinates import Coordinate
from analysis.stats.intervals import exact_lower_bound

OPTIMISM = 0.5
"""Failures that a face keeps out by luck: it was put where it suits the trials of the search."""

TOLERANCE = 0.005
"""A condition that raises the bound by less is not worth its words."""

PER_CONDITION = 0.97
"""Of two boxes with one condition between them, the simpler may be so much smaller."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Says beforehand what bound a box will get when it is measured.

    Attributes:
        known: Coordinates of the trials that judge, N of them.
        stable: Which of them were stable [N].
        fresh: Which of them no earlier box covers [N].
        measured: Number of trials that will measure, over N, > 0.
        confidence: One-sided confidence of one bound, in (0, 1).
        target: More purity than this is not worth a smaller box.
    """

    known: Sequence[Coordinate]
    stable: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    measured: float
    confidence: float
    target: float

    def score(self, box: Box) -> tuple[float, float]:
        """Returns the bound to expect, at most the target, and the stable trials that it adds."""
        inside = box.holds(self.known, len(self.stable))
        trials, stable = int(inside.sum()), int((inside & self.stable).sum())
        faces = sum(
            1 if each.names is not None else np.isfinite(each.low) + np.isfinite(each.high)
            for each in box.conditions
        )
        # The bound of Clopper and Pearson that as many trials as will measure would give, with as
        # many stable as the search saw, less what its faces kept out by luck.
        sober = max(0.0, stable - OPTIMISM * faces) * self.measured
        bound = exact_lower_bound(sober, trials * self.measured, confidence=self.confidence)
        added = float((inside & self.stable & self.fresh).sum())
        return min(float(bound), self.target), added * PER_CONDITION ** len(box.conditions)

    def better(self, first: tuple[float, float], second: tuple[float, float]) -> bool:
        """Returns whether a box of the first score is to be preferred to one of the second."""
        if abs(first[0] - second[0]) > TOLERANCE:
            return first[0] > second[0]
        return first[1] > second[1]


def best_box(boxes: Sequence[Box], judge: Judge) -> Box | None:
    """Returns the best box without the conditions that do not matter; None if there is no box."""
    best: tuple[Box, tuple[float, float]] | None = None
    for box in boxes:
        score = judge.score(box)
        if best is None or judge.better(score, best[1]):
            best = box, score
    while best is not None:
        simpler = [(box, judge.score(box)) for box in fewer_faces(best[0]) if box.conditions]
        # The bound may not suffer: a face less is a larger box, which adds by itself.
        simpler = [scored for scored in simpler if scored[1][0] >= best[1][0] - TOLERANCE]
        simpler = [scored for scored in simpler if judge.better(scored[1], best[1])]
        if not simpler:
            break
        best = max(simpler, key=lambda scored: scored[1])
    return None if best is None else best[0]
