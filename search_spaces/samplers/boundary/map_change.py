"""When a map of verdicts has stopped changing.

The map after n trials is the probability of a verdict at reference points that are spread over
the space, by the model of the boundary sampler; trials of any sampler will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from scipy.special import expit

from search_spaces.samplers.boundary.axes import Encoder
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.samplers.boundary.kernel import fourier_features, laplace

Floats = NDArray[np.float64]

REFERENCE = 1024
"""Points at which maps are compared, a power of two."""

_PAIRS = 128
_LENGTH = 1.6
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class MapChange:
    """How much the last trials have changed the map.

    Attributes:
        trials: Number of trials that the later map is made from.
        change: Mean over the space of the absolute change of the probability, 0 to 1.
    """

    trials: int
    change: float


def map_changes(
    axes: Mapping[str, BaseDistribution],
    settings: Sequence[Mapping[str, Any]],
    hits: Sequence[bool],
    *,
    every: int,
    applying: Applying | None = None,
    last: int | None = None,
) -> list[MapChange]:
    """The change of the map with every so many trials.

    Args:
        axes: What varies.
        settings: Of the trials in the order of their numbers.
        hits: Whether each has the verdict that is mapped.
        every: Trials between two looks, >= 1.
        applying: Which hyperparameters apply, from values for all; None learns it.
        last: How many of the last looks are wanted; all if None.

    Returns:
        One entry a look but the first, which has nothing to compare with.

    Raises:
        ValueError: If ``every`` is not positive.
    """
    if every < 1:
        raise ValueError(f"every >= 1 must hold, but got {every}")
    looks = [every * (place + 1) for place in range(len(settings) // every)]
    if last is not None:
        looks = looks[-last - 1 :]
    if len(looks) < 2:
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
    maps = [_map(known[:count], mapped[:count], at) for count in looks]
    return [
        MapChange(trials=count, change=float(np.mean(np.abs(after - before))))
        for count, before, after in zip(looks[1:], maps, maps[1:], strict=False)
    ]


def has_settled(changes: Sequence[MapChange], *, below: float, looks: int) -> bool:
    """Whether each of the last looks has changed the map by less than ``below``."""
    recent = changes[-looks:]
    return len(recent) == looks and all(each.change < below for each in recent)


def _map(known: Floats, hits: NDArray[np.bool_], at: Floats) -> Floats:
    """The mean of the probability at points, of the posterior after some trials."""
    features = fourier_features(at, length=_LENGTH, pairs=_PAIRS, seed=_SEED)
    posterior = laplace(features(known), hits)
    there = features(at)
    logit = there @ posterior.mean
    variance = np.einsum("mf,fg,mg->m", there, posterior.covariance, there, optimize=True)
    found: Floats = expit(logit / np.sqrt(1.0 + np.pi / 8.0 * variance))
    return found
