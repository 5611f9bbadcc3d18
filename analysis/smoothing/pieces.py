"""The pieces of a boundary's band along one hyperparameter. X positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.smoothing.axis import Axis

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Line:
    """How certain it is along x that more than half are stable.

    Attributes:
        x_at: Positions [X].
        score: Positive where it is more likely than not [X].
        limit: The band is where |score| is at most this.
    """

    x_at: Floats
    score: Floats
    limit: float


def pieces(line: Line, inside: NDArray[np.bool_], axis: Axis) -> list[dict[str, object]]:
    """Returns the pieces of the band at one level of y, one for each time it is crossed.

    Args:
        line: How certain the sign of the logit is along x.
        inside: Which grid points are in the band [X].
        axis: Along x.
    """
    score = line.score
    # A zero between two grid points of opposite certain signs is a piece too.
    jump = np.append(~inside[:-1] & ~inside[1:] & ((score[:-1] > 0) != (score[1:] > 0)), False)
    starts = np.flatnonzero((inside & ~np.append(False, inside[:-1])) | jump)
    found = []
    for start in starts.tolist():
        stop = start
        while not jump[start] and stop + 1 < len(score) and inside[stop + 1]:
            stop += 1
        before, after = (start, start + 1) if jump[start] else (start - 1, stop + 1)
        ends = [before, *_turns(line, before, after), after]
        found += [_piece(line, a, b, axis) for a, b in pairwise(ends)]
    return found


def _turns(line: Line, before: int, after: int) -> list[int]:
    """Returns the grid points at which the line has turned back, between two zeros of the score.

    Half of the limit: without trials the score wanders about 0, and crosses nothing.
    """
    score = line.score
    inner = np.arange(max(before, 0), min(after, len(score) - 1) + 1)
    zeros = np.flatnonzero((score[inner[:-1]] > 0) != (score[inner[1:]] > 0))
    between = [inner[a + 1 : b + 1] for a, b in pairwise(zeros)]
    farthest = [int(points[np.abs(score[points]).argmax()]) for points in between]
    return [point for point in farthest if abs(score[point]) > line.limit / 2]


def _piece(line: Line, before: int, after: int, axis: Axis) -> dict[str, object]:
    """Returns the piece between two grid points, outside of it or where it turns.

    -1 and X are beyond the ends.
    """
    score = line.score
    last = len(score) - 1
    left = score[before] > 0 if before >= 0 else None
    right = score[after] > 0 if after <= last else None
    low = -math.inf if left is None else _reach(line, before, +1)
    high = math.inf if right is None else _reach(line, after, -1)
    inner = np.arange(max(before, 0), min(after, last) + 1)
    sign = score[inner] > 0
    crossing = np.flatnonzero(sign[:-1] != sign[1:])
    # Of several zeros in one piece the middle one; a piece may have none.
    estimate = math.nan
    if len(crossing):
        at = inner[crossing[len(crossing) // 2]]
        part = score[at] / (score[at] - score[at + 1])
        estimate = line.x_at[at] * (1 - part) + line.x_at[at + 1] * part
    sides = {
        (True, False): "below",
        (False, True): "above",
        (True, True): "both",
        (False, False): "neither",
    }
    # Where the band goes on beyond the end, the side is what is likelier at that end.
    guess = (bool(sign[0]) if left is None else left, bool(sign[-1]) if right is None else right)
    beyond = 0.0 if axis.log else -math.inf
    return {
        "low": float(axis.value(low)) if math.isfinite(low) else beyond,
        "high": float(axis.value(high)) if math.isfinite(high) else math.inf,
        "estimate": float(axis.value(estimate)),
        "stable": sides[guess],
    }


def _reach(line: Line, outside: int, step: int) -> float:
    """Returns where |score| falls to the limit, from a grid point outside to the next one.

    At the grid point itself where it does not fall so far, or is below it already.
    """
    a, b = line.score[outside], line.score[outside + step]
    if abs(a) <= line.limit or (abs(b) > line.limit and (a > 0) == (b > 0)):
        return float(line.x_at[outside])
    target = math.copysign(line.limit, a)
    part = (a - target) / (a - b) if a != b else 0.0
    return float(line.x_at[outside] * (1 - part) + line.x_at[outside + step] * part)
