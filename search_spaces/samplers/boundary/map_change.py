"""How much a map of verdicts over the whole space changed as the trials doubled.

The map after n trials is the probability of a verdict at reference points that are spread over
the space, by the model of the boundary sampler; trials of any sampler will do. When such changes
count as settled is said in `search_spaces.settling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from scipy.special import expit

from search_spaces.samplers.boundary.axes import Encoder
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.samplers.boundary.kernel import fourier_features, laplace
from search_spaces.settling import MapChange, compared_with

Floats = NDArray[np.float64]

REFERENCE = 1024
"""Points at which maps are compared, a power of two."""

_PAIRS = 128
_LENGTH = 1.6
_SEED = 0


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
    looks = _looks(len(settings), every)
    if last is not None:
        looks = looks[-last:]
    if not looks:
        return []
    encoder = Encoder(axes)
    known = np.array([encoder.row(each) for each in settings]) * encoder.scales
    points = candidates(
        axes,
        count=REFERENCE,
        seed=[_SEED],
        applying=applying or learned_conditions(axes, settings),
    )
    at = np.array([encoder.row(each) for each in points]) * encoder.scales
    mapped = np.asarray(hits, dtype=bool)
    # Half of one look is often another look: each number of trials is fitted once.
    sizes = {size for look in looks for size in look}
    maps = {size: _map(known[:size], mapped[:size], at) for size in sizes}
    return [
        MapChange(
            trials=trials,
            before=before,
            change=float(np.mean(np.abs(maps[trials] - maps[before]))),
        )
        for trials, before in looks
    ]


def _looks(known: int, every: int) -> list[tuple[int, int]]:
    """Returns the trials of the later and of the earlier map of each look, the earliest first."""
    return [
        (trials, before)
        for trials in range(every, known + 1, every)
        if (before := compared_with(trials)) is not None
    ]


def _map(known: Floats, hits: NDArray[np.bool_], at: Floats) -> Floats:
    """The mean of the probability at points, of the posterior after some trials."""
    features = fourier_features(at, length=_LENGTH, pairs=_PAIRS, seed=_SEED)
    posterior = laplace(features(known), hits)
    there = features(at)
    logit = there @ posterior.mean
    variance = np.einsum("mf,fg,mg->m", there, posterior.covariance, there, optimize=True)
    found: Floats = expit(logit / np.sqrt(1.0 + np.pi / 8.0 * variance))
    return found
