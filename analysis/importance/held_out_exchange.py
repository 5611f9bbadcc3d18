"""Exchanging values among trials that a model has not seen: what its predictions lose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.space.coordinates import Coordinate

FOLDS = 5

MOST_CATEGORIES = 200
"""Names with more different values are not split one by one by the trees."""

_REPEATS_UNTIL = 2_000
_REPEATS = 2
"""Exchanges of each set among few trials; among many one is enough."""

Floats = NDArray[np.float64]


def error_rises(
    known: Sequence[Coordinate],
    stable: Floats,
    group: NDArray[np.int64],
    sets: Sequence[Sequence[int]],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Measures how much worse held-out trials are predicted once values are exchanged among them.

    Args:
        known: Hyperparameters of N trials.
        stable: 1 for a stable trial, else 0 [N].
        group: Configuration of each trial [N], from 0; one is never split over folds.
        sets: S sets of indices of `known` that are exchanged together.
        rng: Divides into folds and exchanges.

    Returns:
        Rise of each trial's squared error by set [N, S], the error itself [N], its fold [N].
    """
    data = np.column_stack([_ranks(each) for each in known])
    configurations = int(group.max()) + 1
    fold = (rng.permutation(configurations) % FOLDS)[group]
    rises, errors = np.zeros((len(stable), len(sets))), np.zeros(len(stable))
    repeats = _REPEATS if len(stable) <= _REPEATS_UNTIL else 1
    for number in range(FOLDS):
        test = np.flatnonzero(fold == number)
        predict = _fitted(known, data[fold != number], stable[fold != number], seed=number)
        errors[test] = (stable[test] - predict(data[test])) ** 2
        exchanged = []
        for _ in range(repeats):
            # One exchange for all sets: what they have in common cancels in differences.
            order = rng.permutation(len(test))
            exchanged += [_exchanged(data[test], columns, order) for columns in sets]
        error = (np.tile(stable[test], len(exchanged)) - predict(np.vstack(exchanged))) ** 2
        mean = error.reshape(repeats, len(sets), len(test)).mean(axis=0)
        rises[test] = mean.T - errors[test][:, None]
    return rises, errors, fold


def _exchanged(data: Floats, columns: Sequence[int], order: NDArray[np.int64]) -> Floats:
    """Exchanges values among trials; one to which the first column does not apply gets none."""
    changed = data.copy()
    has = np.flatnonzero(~np.isnan(data[:, columns[0]]))
    if len(columns) > 1 and len(has) == len(data):
        # An owner that all trials have takes along what exists for some of its values only.
        changed[:, columns] = data[order][:, columns]
        return changed
    # Values go only among trials to which the hyperparameter applies: a momentum is exchanged
    # among trials that have one, and its absence stays where it is.
    for column in columns:
        has = np.flatnonzero(~np.isnan(data[:, column]))
        changed[has, column] = data[order[np.isin(order, has)], column]
    return changed


def _ranks(coordinate: Coordinate) -> Floats:
    """Returns ranks of numbers, by which trees split alike, so that +inf is a number too."""
    values = coordinate.values
    if coordinate.names is not None:
        return values
    ranks = np.searchsorted(np.unique(values[~np.isnan(values)]), values).astype(np.float64)
    return np.where(np.isnan(values), np.nan, ranks)


def _fitted(known: Sequence[Coordinate], data: Floats, stable: Floats, *, seed: int):  # type: ignore[no-untyped-def]
    share = float(stable.mean())
    if share in (0.0, 1.0):
        return lambda points: np.full(len(points), share)
    # Imported here: scikit-learn takes longer to import than all else together.
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.12,
        max_leaf_nodes=12,
        min_samples_leaf=int(np.clip(len(stable) / 50, 3, 20)),
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=[
            each.names is not None and len(each.names) <= MOST_CATEGORIES for each in known
        ],
        random_state=seed,
    ).fit(data, stable)
    return lambda points: model.predict_proba(points)[:, 1]
