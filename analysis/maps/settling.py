"""Measures whether more trials would still change the map of the whole space.

When it counts as settled is said in `search_spaces.settling`, and what is compared in
`search_spaces.stability_classifier.map_change`, for `stop_when` as well.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.space.design import sampled_trials
from analysis.stability_model.asked import space_configurations
from analysis.stability_model.columns import columns_of, encoder_of
from analysis.trials.counts import check_verdicts
from analysis.trials.records import records
from search_spaces import settling as definition
from search_spaces.stability_classifier.map_change import map_changes

DOUBLINGS = 5
"""So many of the last doublings are looked at."""

POINTS = 1024
"""Configurations at which maps are compared, a power of two."""


def map_settling(trials: pd.DataFrame) -> pd.DataFrame:
    """Measures how much the map of the whole space changed each time the trials doubled.

    The maps are those of the stability model after the first n trials by number, n a half, a
    quarter, ... of all, wherever they were placed; trials that confirm a region are left out.

    Args:
        trials: Trials table.

    Returns:
        One row a doubling, the earliest first: `trials` so far, `before` (half as many), and
        `change`, the mean over the space of the absolute change of the probability of stable.
        Empty below 64 trials, or if nothing varies.

    Raises:
        AnalysisError: If a verdict is unknown.
    """
    check_verdicts(trials)
    known = sampled_trials(trials)
    table = known[known["verdict"].notna()].sort_values("trial", kind="stable")
    table.attrs = trials.attrs
    sizes = [len(table)]
    while len(sizes) <= DOUBLINGS and (half := definition.compared_with(sizes[0])) is not None:
        sizes.insert(0, half)
    looks = [(size, half) for half, size in zip(sizes, sizes[1:], strict=False)]
    encoder = encoder_of(table)
    if not encoder.axes or not looks:
        return pd.DataFrame(columns=["trials", "before", "change"])
    points = space_configurations(table, encoder, POINTS)
    # Further threads spin beside matrices of this size, at many times the processor time.
    with threadpool_limits(1):
        changes = map_changes(
            columns_of(table, encoder),
            (table["verdict"] == "stable").to_numpy(dtype=np.bool_),
            encoder=encoder,
            at_MxD=columns_of(points, encoder),
            looks=looks,
        )
    rows = [(*look, change) for look, change in zip(looks, changes, strict=True)]
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
