"""Growing boxes: PRIM's peeling and pasting, with every face of the box set again at each step.

PRIM peels a thin slice at a time and never gets a slice back but by pasting at the end. Here a
purity tau rises in small steps from the study's own share of stable trials. At each, the box is
the one with the largest sum of (stable - tau), found by coordinate ascent: given the conditions on
all other hyperparameters, the best interval (or set of names) of one is found exactly, so that
peeling and pasting are one move. As tau rises, the boxes shrink from everything to the purest
part, which is PRIM's trajectory.

With y_i = 1 for a stable trial, slice k of a hyperparameter is worth

    w_k = sum of (y_i - tau) over the trials in it that all other conditions let in

and the best interval from slice a to b has the largest w_a + ... + w_b less `cut` for each of its
ends that is a face, which Kadane's scan finds in one pass; of names the best set is those with w_k
>= 0. A box gains by a move as much as this sum grows, so that the ascent ends.

References:
    Friedman, Fisher, Bump hunting in high-dimensional data, Statistics and Computing 1999.
    Bentley, Programming pearls: algorithm design techniques, CACM 1984 (the largest interval).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.safe_regions.box import Box, Condition
from analysis.safe_regions.rounding import inward
from analysis.space.coordinates import Coordinate

BINS = 64
"""Slices of a range: a face of a box may lie between any two."""

PURITIES = 32
"""Steps of tau, even in its logit."""

_PURIST = 0.997
_LEAST_CUT = (1.5, 0.01)
"""A face is worth its words if it excludes at least so many failures net of stable trials, or
this share of all stable trials."""

Inside = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Sliced:
    """One hyperparameter in slices, K of them.

    Attributes:
        coordinate: The hyperparameter, of N trials.
        codes: Slice of each trial [N]; K where it does not apply.
        lows: Smallest number in each slice [K]; of names their indices.
        highs: Largest number in each slice [K].
    """

    coordinate: Coordinate
    codes: NDArray[np.int64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]

    @property
    def slices(self) -> int:
        """Number of slices K."""
        return len(self.lows)


def sliced(coordinate: Coordinate) -> Sliced:
    """Divides a hyperparameter: a slice for each name or level, of a range for each quantile."""
    values = coordinate.values
    known = ~np.isnan(values)
    distinct = np.unique(values[known])
    if coordinate.names is None and coordinate.levels is None and distinct.size > BINS:
        starts = np.linspace(0, distinct.size, BINS, endpoint=False).astype(np.int64)
        # "none" is a slice of its own: a limit that is off is no large number.
        if distinct[-1] == math.inf:
            starts = np.append(starts, distinct.size - 1)
        starts = np.unique(starts)
    else:
        starts = np.arange(distinct.size)
    codes = np.full(values.size, starts.size, dtype=np.int64)
    codes[known] = np.searchsorted(distinct[starts], values[known], side="right") - 1
    highs = distinct[np.append(starts[1:], distinct.size) - 1]
    return Sliced(coordinate=coordinate, codes=codes, lows=distinct[starts], highs=highs)


def trajectory(
    axes: Sequence[Sliced], stable: NDArray[np.bool_] | NDArray[np.float64], left: Inside
) -> list[Box]:
    """Grows boxes from nearly everything to the purest part, each different from those before.

    Args:
        axes: The hyperparameters of N trials, J of them.
        stable: Which trials were stable, or the probability that they are [N].
        left: Which trials count [N]: those that no earlier box covers.
    """
    y = stable[left].astype(np.float64)
    share = float(y.mean())
    codes = [axis.codes[left] for axis in axes]
    # Slices that the box lets in, by hyperparameter; the last is "does not apply", always let in.
    allowed = [np.ones(axis.slices + 1, dtype=bool) for axis in axes]
    cut = max(_LEAST_CUT[0], _LEAST_CUT[1] * float(y.sum()))
    odds = [math.log(tau / (1 - tau)) for tau in (min(share + 0.02, 0.99), _PURIST)]
    boxes: list[Box] = []
    for logit in np.linspace(odds[0], odds[1], PURITIES):
        tau = 1 / (1 + math.exp(-logit))
        # From the box of the tau before: it is nearly the best already.
        _ascend(axes, codes, y, tau, cut, allowed)
        box = _box(axes, allowed)
        if box.conditions and box not in boxes:
            boxes.append(box)
    return boxes


def _ascend(
    axes: Sequence[Sliced],
    codes: list[NDArray[np.int64]],
    y: NDArray[np.float64],
    tau: float,
    cut: float,
    allowed: list[Inside],
) -> None:
    """Changes one hyperparameter's slices at a time, where it gains most, until nothing gains."""
    # How many conditions each trial breaks: those that break none but the one of axis j count for
    # axis j's slices, without looking at the other axes again.
    outside = np.stack([~ok[code] for ok, code in zip(allowed, codes, strict=True)])
    broken = outside.sum(axis=0, dtype=np.int16)
    for _ in range(8 * len(axes)):
        best_gain, best_axis, best_slices = 1e-9, -1, allowed[0]
        for j, axis in enumerate(axes):
            others = broken == outside[j]
            width = axis.slices + 1
            count = np.bincount(codes[j][others], minlength=width)
            total = np.bincount(codes[j][others], weights=y[others], minlength=width)
            worth = (total - tau * count)[:-1]
            slices = _best_slices(worth, count[:-1], cut, ordered=axis.coordinate.ordered)
            gain = _value(worth, slices, cut, axis) - _value(worth, allowed[j][:-1], cut, axis)
            if gain > best_gain:
                best_gain, best_axis, best_slices = gain, j, np.append(slices, True)
        if best_axis < 0:
            return
        allowed[best_axis] = best_slices
        broken -= outside[best_axis]
        outside[best_axis] = ~best_slices[codes[best_axis]]
        broken += outside[best_axis]


def _value(worth: NDArray[np.float64], slices: Inside, cut: float, axis: Sliced) -> float:
    if axis.coordinate.ordered:
        faces = int(not slices[0]) + int(not slices[-1])
    else:
        faces = int(not slices.all())
    return float(worth[slices].sum()) - cut * faces


def _best_slices(
    worth: NDArray[np.float64], count: NDArray[np.int64], cut: float, *, ordered: bool
) -> Inside:
    """Returns the slices of the largest worth, less what faces cost; an interval where ordered."""
    size = len(worth)
    everything = np.ones(size, dtype=bool)
    if not ordered:
        # Names that no trial had are kept out: nothing is known of them.
        kept = (worth >= 0) & (count > 0)
        if not kept.any():
            kept = np.arange(size) == int(np.where(count > 0, worth, -np.inf).argmax())
        return kept if worth[kept].sum() - cut > worth.sum() else everything
    sums = np.append(0.0, np.cumsum(worth))
    # Kadane's scan: the interval [start, end) is worth sums[end] - sums[start], less a cut for
    # each face, so that for each end the cheapest start so far is the best.
    best, start, end = sums[size], 0, size
    lowest, lowest_at = math.inf, 0
    for stop in range(1, size + 1):
        begin = sums[stop - 1] + (cut if stop - 1 > 0 else 0.0)
        if begin < lowest:
            lowest, lowest_at = begin, stop - 1
        worth_here = sums[stop] - lowest - (cut if stop < size else 0.0)
        if worth_here > best:
            best, start, end = worth_here, lowest_at, stop
    slices = np.zeros(size, dtype=bool)
    slices[start:end] = True
    return slices


def _box(axes: Sequence[Sliced], allowed: Sequence[Inside]) -> Box:
    conditions = [_condition(axis, ok[:-1]) for axis, ok in zip(axes, allowed, strict=True)]
    return Box(conditions=tuple(each for each in conditions if each is not None))


def _condition(axis: Sliced, slices: Inside) -> Condition | None:
    if slices.all():
        return None
    name, names = axis.coordinate.name, axis.coordinate.names
    if names is not None:
        return Condition(name=name, names=tuple(names[int(index)] for index in axis.lows[slices]))
    first, last = int(slices.argmax()), len(slices) - 1 - int(slices[::-1].argmax())
    low = -math.inf if first == 0 else float(axis.lows[first])
    high = math.inf if last == len(slices) - 1 else float(axis.highs[last])
    if axis.coordinate.levels is None:
        low, high = inward(low, high, axis.coordinate)
    return Condition(name=name, low=low, high=high)


def fewer_faces(box: Box) -> list[Box]:
    """Returns the boxes with one face less: a bound, or all names, of one hyperparameter."""
    boxes = []
    for index, each in enumerate(box.conditions):
        before, after = box.conditions[:index], box.conditions[index + 1 :]
        boxes.append(Box(conditions=(*before, *after)))
        if each.names is None and not math.isinf(each.low) and not math.isinf(each.high):
            for side in (
                Condition(name=each.name, low=each.low),
                Condition(name=each.name, high=each.high),
            ):
                boxes.append(Box(conditions=(*before, side, *after)))
    return boxes
