"""Pairs of trials that differ in one hyperparameter: exactly, or as nearly as the study has them.

Paired: all other hyperparameters are equal, and the seed too where the two values share seeds.

Matched: where a study has no such pairs (its hyperparameters are drawn, not laid on a grid), each
trial is given the nearest one on the other side. Distances weigh each hyperparameter by its share
w of the variance of being stable, so that they say by how much the chance of stable is expected to
differ: two random trials lie sqrt(sum of 2 w) apart, as two random chances do, in standard
deviations. Pairs farther apart than a caliper are dropped. Each side in turn looks for its nearest
on the other side and both lists are joined, so that what trials at the rim of the design lack on
one side they lack on the other, and a change that does nothing measures as nothing.

References:
    Stuart, Matching methods for causal inference, Statistical Science 2010.
    Hansen, The prognostic analogue of the propensity score, Biometrika 2008 (such distances).
    Abadie, Imbens, Large sample properties of matching estimators, Econometrica 2006.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.remedies.changes import Change
from analysis.space.coordinates import Coordinate

CALIPER = 0.5
"""Largest distance of a pair, in standard deviations of the indicator of stable."""

STEP_TOLERANCE = 0.2
"""By how much of a step a pair's numbers may differ from it."""

LOOKING = 1_000
"""Trials of each side that look for a pair."""

OFFERED = 2_000
"""Trials of each side that may be found."""

_LEAST_WEIGHT = 0.002
_ENOUGH = (10, 0.5)
"""A change is judged by exact pairs if there are so many, for this share of the smaller side."""

_LOOKED_AT = 200
"""Trials of each side by which it is decided whether exact pairs are worth a search."""

_ODD = 0x1E3779B97F4A7C15
"""Multiplied by an odd number, small seeds spread over all 64 bits, each to one of its own."""

Method = Literal["paired", "matched"]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """P pairs.

    Attributes:
        before: Row of the first trial of each pair [P].
        after: Row of the second trial [P].
        method: Whether pairs are exact or nearest neighbours.
    """

    before: Rows
    after: Rows
    method: Method


def exact_pairs(change: Change, settings: Rows, seeds: Rows | None) -> Pairs | None:
    """Finds pairs that are equal in everything else; None if there are too few, or for a step.

    Args:
        change: Between two values.
        settings: A number for each setting of the other hyperparameters, see `setting_codes` [N].
        seeds: Number of each trial's seed [N]; None if the trials have no seeds.
    """
    if change.scale is not None or not _plausible(change, settings):
        return None
    common = seeds is not None and _overlap(seeds[change.source], seeds[change.target])
    keys = []
    for rows in (change.source, change.target):
        # Where seeds are not common, the first seed of one goes with the first of the other.
        last = seeds[rows] if common and seeds is not None else _occurrence(settings[rows])
        keys.append(settings[rows] ^ (last.astype(np.int64) * _ODD))
    first, second = keys
    _, before, after = np.intersect1d(first, second, return_indices=True)
    smaller = min(len(change.source), len(change.target))
    if len(before) < max(_ENOUGH[0], _ENOUGH[1] * smaller):
        return None
    return Pairs(before=change.source[before], after=change.target[after], method="paired")


def setting_codes(known: Sequence[Coordinate], seed: int) -> dict[str, Rows]:
    """Draws a random number for each value of each hyperparameter, by name [N].

    Their sums number the settings of several hyperparameters: two settings have the same sum
    with a probability of 2**-64 (Zobrist hashing), and one is left out by taking its number off.
    """
    rng = np.random.default_rng(seed)
    numbers = {}
    for each in known:
        codes, values = pd.factorize(each.values, use_na_sentinel=False)
        numbers[each.name] = rng.integers(-(2**62), 2**62, len(values), dtype=np.int64)[codes]
    return numbers


def _plausible(change: Change, settings: Rows) -> bool:
    """Returns whether enough settings before the change also come after it, by a few trials."""
    rng = np.random.default_rng(0)
    few = settings[_some(change.source, _LOOKED_AT, rng)]
    other = settings[_some(change.target, _LOOKED_AT, rng)]
    there = np.isin(few, settings[change.target]).mean() if few.size else 0.0
    back = np.isin(other, settings[change.source]).mean() if other.size else 0.0
    return max(float(there), float(back)) >= _ENOUGH[1] / 2


def nearest_pairs(
    change: Change, known: Sequence[Coordinate], importance: Mapping[str, float], seed: int
) -> Pairs:
    """Finds nearest neighbours within the caliper; a pair that both sides choose counts once.

    Args:
        change: What is changed.
        known: The other hyperparameters, of all N trials.
        importance: Share of the variance of being stable by hyperparameter.
        seed: Chooses which trials look and which are offered where there are many.
    """
    rng = np.random.default_rng(seed)
    sides = [_some(rows, OFFERED, rng) for rows in (change.source, change.target)]
    rows = np.union1d(*sides)
    points = embedding([each.of(rows) for each in known], importance, len(rows))
    scale = np.zeros(len(rows)) if change.scale is None else change.scale[rows]
    before, after = (
        _Side(rows=side, points=points[at], scale=scale[at])
        for side, at in ((side, np.searchsorted(rows, side)) for side in sides)
    )
    # Both ways, each pair once: see the head of this file.
    forth = _nearest(before, after, change.shift, rng)
    back = _nearest(after, before, -change.shift, rng)
    both = np.unique(np.concatenate([forth, back[:, ::-1]]), axis=0)
    return Pairs(before=both[:, 0], after=both[:, 1], method="matched")


@dataclass(frozen=True, kw_only=True)
class _Side:
    """Trials before or after a change: their rows, points and numbers on the scale of a step."""

    rows: Rows
    points: NDArray[np.float32]
    scale: NDArray[np.float64]


def embedding(
    known: Sequence[Coordinate], importance: Mapping[str, float], trials: int
) -> NDArray[np.float32]:
    """Embeds N trials so that distance is the expected difference in the chance of stable.

    Args:
        known: The hyperparameters that a pair should have in common.
        importance: Share of the variance of being stable by hyperparameter.
        trials: Number of trials N.

    Returns:
        Points [N, D].
    """
    columns = [
        column
        for each in known
        for column in _columns(each, max(importance.get(each.name, 0.0), _LEAST_WEIGHT))
    ]
    if not columns:
        return np.zeros((trials, 1), dtype=np.float32)
    return np.stack(columns, axis=1).astype(np.float32)


def _columns(coordinate: Coordinate, weight: float) -> list[NDArray[np.float64]]:
    """Returns columns in which two random trials lie 2 * weight apart, squared, as chances do."""
    values = coordinate.values
    if coordinate.names is not None:
        # Of L equally frequent names two differ with probability (L - 1) / L, and are then
        # 2 size^2 apart, squared.
        names = np.unique(values[~np.isnan(values)])
        size = np.sqrt(weight * len(names) / max(1, len(names) - 1))
        return [size * (values == name) for name in names]
    distinct, numbers = np.unique(values[~np.isnan(values)], return_counts=True)
    # By rank, in which every range is even, and where "no limit" is the largest number.
    # Two uniform ranks are 1 / 6 apart, squared: hence sqrt(12 w).
    middle = (np.cumsum(numbers) - numbers / 2) / numbers.sum()
    rank = middle[np.clip(np.searchsorted(distinct, values), 0, len(distinct) - 1)]
    return [np.sqrt(12 * weight) * np.where(np.isnan(values), 0.5, rank)]


def _nearest(looking: _Side, offered: _Side, shift: float, rng: np.random.Generator) -> Rows:
    """Finds for each of some trials the nearest one on the other side, as rows [P, 2]."""
    chosen = _some(np.arange(len(looking.rows)), LOOKING, rng)
    if not len(chosen) or not len(offered.rows):
        return np.zeros((0, 2), dtype=np.int64)
    ours, theirs = looking.points[chosen], offered.points
    # |a - b|^2 = |a|^2 + |b|^2 - 2 a . b, as one product of matrices.
    squares = (ours**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * ours @ theirs.T
    if shift:
        goal = (looking.scale[chosen] + shift).astype(np.float32)
        off = np.abs(goal[:, None] - offered.scale.astype(np.float32))
        squares[off > STEP_TOLERANCE * abs(shift)] = np.inf
    best = squares.argmin(axis=1)
    near = squares[np.arange(len(chosen)), best] <= CALIPER**2
    return np.stack([looking.rows[chosen[near]], offered.rows[best[near]]], axis=1)


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False, shuffle=False))]


def _overlap(first: Rows, second: Rows) -> bool:
    smaller = min(len(np.unique(first)), len(np.unique(second)))
    return len(np.intersect1d(first, second)) >= 0.5 * smaller


def _occurrence(values: Rows) -> Rows:
    """Counts how often each value came before [N]."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    lengths = np.diff(np.append(starts, len(values)))
    earlier = np.empty(len(values), dtype=np.int64)
    earlier[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return earlier
