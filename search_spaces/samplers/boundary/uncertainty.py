"""Where one more trial would teach most.

M candidates, K trials in their neighbourhood that the map does not know yet, C verdicts, T trees.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Leaves = NDArray[np.int64]


def ambiguity(
    probabilities_MxC: Floats, classes: Sequence[Hashable], *, stable: Hashable, weight: float
) -> Floats:
    """How undecided the map is, 0 to 1: 1 where two verdicts are equally likely.

    One less the margin, as in the straddle heuristic: between stable and all else together, and
    between the two likeliest verdicts.

    Args:
        probabilities_MxC: Of each verdict.
        classes: The verdicts [C].
        stable: The verdict whose boundary matters most; if it is none of them only the second
            margin counts.
        weight: Of the boundary of stable, 0 to 1.

    References:
        Bryan et al., Active learning for identifying function threshold boundaries, NIPS 2005;
        Scheffer, Decomain and Wrobel, Active hidden Markov models, IDA 2001 (margins).
    """
    if probabilities_MxC.shape[1] < 2:
        return np.zeros(len(probabilities_MxC))
    best = np.sort(probabilities_MxC, axis=1)
    between_all = 1.0 - (best[:, -1] - best[:, -2])
    if stable not in classes:
        return between_all
    p = probabilities_MxC[:, list(classes).index(stable)]
    around_stable = 1.0 - np.abs(2.0 * p - 1.0)
    return weight * around_stable + (1.0 - weight) * between_all


def similarity(leaves_MxT: Leaves, leaves_T: Leaves) -> Floats:
    """Share of the trees in which each candidate shares a leaf with a trial [M].

    The forest's own metric: distances count where verdicts differ and do not where they agree.

    References:
        Breiman, Random forests, Machine Learning 2001, section on proximities.
    """
    shared: Floats = (leaves_MxT == leaves_T).mean(axis=1)
    return shared
