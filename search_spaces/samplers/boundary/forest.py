"""How evenly a forest of trees is divided: a second opinion on where the boundary is.

The Gaussian process takes every hyperparameter for as important as every other; trees find out
which ones decide, and edges that are steep. With c the share of trees (by their leaves) for the
verdict, a forest's indecision is 1 - |2 c - 1|. N known trials, M candidates, D columns.

References:
    Geurts, Ernst, Wehenkel, Extremely randomized trees, Machine Learning 2006; Settles, Active
    learning literature survey, 2009 (margin sampling, query by committee).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TREES = 100

_LEAF = 3
_COLUMNS = 0.7
"""Share of the columns that a split is chosen from."""

_LEAST_SHARE = 0.02


def indecision(
    known_NxD: Floats,
    hits_N: NDArray[np.bool_],
    at_MxD: Floats,
    *,
    share: float,
    seed: int,
) -> Floats:
    """Returns how evenly trees are divided at each candidate [M]: 0 where all agree, at most 1.

    Both sides of the boundary weigh alike in the space: `share` says how large they are there,
    which trials that were placed at the boundary do not tell.

    Args:
        known_NxD: Columns of the known trials.
        hits_N: Whether a trial has the verdict; both occur.
        at_MxD: Columns of the candidates.
        share: Share of the space that has the verdict, clamped to 0.02 to 0.98.
        seed: Seeds the trees, by its lowest 32 bits.
    """
    # Imported here: it takes a second, and other samplers do without.
    from sklearn.ensemble import ExtraTreesClassifier

    share = min(max(share, _LEAST_SHARE), 1.0 - _LEAST_SHARE)
    forest = ExtraTreesClassifier(
        TREES,
        min_samples_leaf=_LEAF,
        max_features=_COLUMNS,
        class_weight={True: 0.5 / share, False: 0.5 / (1.0 - share)},
        random_state=seed % 2**32,
    )
    chance_M = forest.fit(known_NxD, hits_N).predict_proba(at_MxD)[:, 1]
    undecided: Floats = 1.0 - np.abs(2.0 * chance_M - 1.0)
    return undecided


def share_of_space(hits_N: NDArray[np.bool_], even_N: NDArray[np.bool_]) -> float:
    """Estimates the share of the space that has a verdict from the trials spread evenly over it.

    Args:
        hits_N: Whether a trial has the verdict.
        even_N: Whether it was placed evenly; if none was, all count.
    """
    # Half a trial more on either side (Jeffreys' prior): a share is never 0 or 1.
    counted = hits_N[even_N] if even_N.any() else hits_N
    return float((counted.sum() + 0.5) / (len(counted) + 1.0))
