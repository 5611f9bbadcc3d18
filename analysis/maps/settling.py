"""Measures whether more trials would still change a map of the report.

When it counts as settled is said in `search_spaces.settling`, for `stop_when` as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.smoothing.axis import Axis
from analysis.smoothing.counts import count
from analysis.smoothing.model import fit
from analysis.space.axes import matches
from analysis.space.design import uniform_trials
from analysis.trials.counts import check_verdicts
from analysis.trials.records import records
from search_spaces import settling as definition

Floats = NDArray[np.float64]

DOUBLINGS = 5
"""So many of the last doublings are looked at."""

_ROUGH = (6,)
"""Smoothnesses that are tried: the probability hardly depends on them."""

PLACES = 48
"""Along a range, the map is compared at so many places."""


def map_settling(
    trials: pd.DataFrame,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Measures how much the smoothed map changed each time the trials doubled.

    The maps are those of the first n trials by number, n a half, a quarter, ... of all; of a
    boundary study those of its evenly placed trials, see `analysis.uniform_trials`. Fewer
    smoothnesses are tried than by `smooth_map`, which hardly moves the probability.

    Args:
        trials: Trials table.
        x: A hyperparameter.
        y: Another one, or None.
        where: Only trials with these values (or lists of values), by hyperparameter.

    Returns:
        One row a doubling, the earliest first: `trials` so far, `before` (half as many), and
        `change`, the mean over the map's area of the absolute change of the probability of
        stable. Empty below 64 trials.

    Raises:
        AnalysisError: If a hyperparameter is unknown, or a verdict is.
    """
    check_verdicts(trials)
    table = uniform_trials(trials)
    rank = table["trial"].rank(method="first").to_numpy()
    wanted = matches(table, where).astype(np.float64)

    def after(number: int) -> Floats:
        # All trials, those to come with no weight: so the axes are the same.
        counted = count(table, x, y, weights=wanted * (rank <= number))
        at = _places(counted.x), _places(counted.y)
        return fit(counted, rounds=_ROUGH, draws=0).probability(*at)

    sizes = [len(table)]
    while len(sizes) <= DOUBLINGS and (half := definition.compared_with(sizes[0])) is not None:
        sizes.insert(0, half)
    maps = [after(size) for size in sizes] if len(sizes) > 1 else []
    rows = [
        (size, half, float(np.abs(later - earlier).mean()))
        for half, size, earlier, later in zip(sizes, sizes[1:], maps, maps[1:], strict=False)
    ]
    return pd.DataFrame(rows, columns=["trials", "before", "change"])


def settled_at(settling: pd.DataFrame, *, below: float = definition.SETTLED) -> int | None:
    """Finds the number of trials from which on each doubling left the map as it was.

    Args:
        settling: As of `map_settling`.
        below: A doubling is quiet where it changed the probability by less on average, 0 to 1.

    Returns:
        None if the last doubling still changed it, or there was none.
    """
    looks = [
        definition.MapChange(trials=row["trials"], before=row["before"], change=row["change"])
        for row in records(settling)
    ]
    return definition.settled_at(looks, below=below)


def _places(axis: Axis) -> Floats:
    """Evenly over a range; each level of what has levels."""
    return np.linspace(0.0, 1.0, PLACES) if axis.is_range else axis.levels
