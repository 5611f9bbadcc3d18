"""How much a study's map changed as its trials doubled, by the distributions of its space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from threadpoolctl import threadpool_limits

from search_spaces.samplers.boundary.axes import encoder_of, lacking
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.settling import MapChange, compared_with
from search_spaces.stability_classifier import map_change

REFERENCE = 1024
"""Points at which maps are compared, a power of two."""


def map_changes(
    axes: Mapping[str, BaseDistribution],
    settings: Sequence[Mapping[str, Any]],
    hits: Sequence[bool],
    *,
    every: int,
    applying: Applying | None = None,
    last: int | None = None,
) -> list[MapChange]:
    """Compares the map with that of half the trials, every so many trials.

    Args:
        axes: What varies.
        settings: Values on the axes of each trial, in the order of their numbers.
        hits: Whether each trial has the verdict that is mapped.
        every: Trials between two looks, >= 1.
        applying: Which hyperparameters apply, from values for all; None learns it.
        last: How many of the last looks are wanted, >= 1; all if None.

    Returns:
        One entry a look, the earliest first; looks with too few trials to compare are left out.

    Raises:
        ValueError: If ``every`` is not positive.
    """
    if every < 1:
        raise ValueError(f"every >= 1 must hold, but got {every}")
    looks = [
        (trials, before)
        for trials in range(every, len(settings) + 1, every)
        if (before := compared_with(trials)) is not None
    ]
    looks = looks if last is None else looks[-last:]
    if not looks:
        return []
    applying = applying or learned_conditions(axes, settings)
    points = candidates(axes, count=REFERENCE, seed=[0], applying=applying)
    encoder = encoder_of(axes, lacking(axes, [*settings, *points]))
    # Further threads spin beside matrices of this size, at many times the processor time.
    with threadpool_limits(1):
        changes = map_change.map_changes(
            encoder.of_settings(settings),
            np.asarray(hits, dtype=bool),
            encoder=encoder,
            at_MxD=encoder.of_settings(points),
            looks=looks,
        )
    return [
        MapChange(trials=trials, before=before, change=change)
        for (trials, before), change in zip(looks, changes, strict=True)
    ]
