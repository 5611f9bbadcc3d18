"""Which hyperparameters exist only for some values of another one, read from where they lack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.space.coordinates import Coordinate


def dependents(known: Sequence[Coordinate]) -> dict[str, tuple[str, ...]]:
    """By name, the hyperparameters that exist for some of its values only (momentum: optimizer).

    Args:
        known: Coordinates of the same trials.
    """
    return {
        owner.name: tuple(each.name for each in known if each is not owner and _owns(owner, each))
        for owner in known
    }


def _owns(owner: Coordinate, each: Coordinate) -> bool:
    """Whether the values of the owner, which has names, decide where the other one applies."""
    lacks = np.isnan(each.values)
    if owner.names is None or not lacks.any():
        return False
    has_owner = ~np.isnan(owner.values)
    places = owner.values[has_owner].astype(np.int64)
    trials = np.bincount(places, minlength=len(owner.names))
    lacking = np.bincount(places, weights=lacks[has_owner], minlength=len(owner.names))
    decided = np.all((lacking == 0) | (lacking == trials))
    return bool(decided and (lacking[trials > 0] == 0).any() and (lacking > 0).any())
