"""Which settings stand for all: the inducing ones.

N settings, M inducing ones, D columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from search_spaces.stability_classifier.evidence import Labelled
from search_spaces.stability_classifier.features import JITTER, features_of, mode_of, root_of
from search_spaces.stability_classifier.kernel import Kernel

Floats = NDArray[np.float64]

_PIVOTS_FROM, _FIRST_FROM, _FIRST = 4096, 1024, 96
_LEAST_INFORMATION = 0.02
"""Of a trial whose verdict seems certain: a first opinion may be wrong about it."""


def inducing_points(
    labelled: Labelled, kernel: Kernel, most: int, rng: np.random.Generator
) -> Floats:
    """Chooses inducing settings [M, D] among the labelled ones.

    A posterior on 96 that fill the space gives a first opinion of the logits: an outcome says
    most of a setting near the boundary, so that more inducing settings are spent there.
    """
    part = labelled.of(some_of(len(labelled.share), _PIVOTS_FROM, rng))
    if len(part.share) <= most:
        return part.columns
    first = part.of(some_of(len(part.share), _FIRST_FROM, rng))
    points = first.columns[_pivots(kernel, first.columns, np.ones(len(first.share)), _FIRST)]
    root = root_of(kernel, points)
    features = features_of(kernel, points, root, first.columns)
    weights, _ = mode_of(features, first, np.zeros(len(points)))
    p = expit(features_of(kernel, points, root, part.columns) @ weights)
    information = np.maximum(p * (1.0 - p), _LEAST_INFORMATION)
    return part.columns[_pivots(kernel, part.columns, np.sqrt(information), most)]


def _pivots(kernel: Kernel, columns: Floats, scale_N: Floats, most: int) -> NDArray[np.int64]:
    """Chooses settings greedily: the next is the one that those before explain least."""
    left = scale_N**2 * kernel.variance
    least = JITTER * kernel.variance * float(left.min() / kernel.variance)
    rows, chosen = np.zeros((min(most, len(columns)), len(columns))), []
    for index in range(len(rows)):
        pivot = int(np.argmax(left))
        if left[pivot] <= least:
            break
        row = scale_N * kernel(columns[[pivot]], columns)[0] * scale_N[pivot]
        row = (row - rows[:index].T @ rows[:index, pivot]) / np.sqrt(left[pivot])
        rows[index] = row
        left = np.maximum(left - row * row, 0.0)
        chosen.append(pivot)
        left[chosen] = 0.0
    return np.array(chosen, dtype=np.int64)


def some_of(count: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Returns at most so many of the indices below `count`, ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(rng.choice(count, most, replace=False))
