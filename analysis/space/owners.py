"""Which hyperparameters exist only for some values of another one, read from where they lack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.space.coordinates import Coordinate


def dependents(known: Sequence[Coordinate]) -> dict[str, tuple[str, ...]]:
    """Returns, by name, the hyperparameters that exist only for some of its values (momentum).

    Args:
        known: Coordinates of the same trials.

    Returns:
        The dependents of every hyperparameter, e.g. momentum among those of optimizer; mostly
        none.
    """
    return {
        owner.name: tuple(each.name for each in known if each is not owner and _owns(owner, each))
        for owner in known
    }


def _owns(owner: Coordinate, each: Coordinate) -> bool:
    """Returns whether the names of the owner decide where the other hyperparameter applies."""
    lacks = np.isnan(each.values)
    if owner.names is None or not lacks.any():
        return False
    has_owner = ~np.isnan(owner.values)
    codes = owner.values[has_owner].astype(np.int64)
    trials = np.bincount(codes, minlength=len(owner.names))
    lacking = np.bincount(codes, weights=lacks[has_owner], minlength=len(owner.names))
    # For each of the owner's names either all trials have it or none does.
    decided = np.all((lacking == 0) | (lacking == trials))
    return bool(decided and (lacking[trials > 0] == 0).any() and (lacking > 0).any())
