"""The map of verdicts that the sampler believes in: extremely randomized trees.

N known trials, M points, D columns, C verdicts, T trees.

References:
    Geurts, Ernst and Wehenkel, Extremely randomized trees, Machine Learning 2006.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Forest:
    """A fitted map.

    Attributes:
        classes: Verdicts [C].
        leaves: Which leaf of each tree a point lies in, of points [M, D] -> [M, T].
        values: Probability of each verdict in each leaf, one array [leaves, C] a tree.
    """

    classes: tuple[Hashable, ...]
    _model: object
    values: tuple[Floats, ...]

    def leaves(self, points_MxD: Floats) -> NDArray[np.int64]:
        """The leaf of each tree that each point lies in [M, T]."""
        applied: NDArray[np.int64] = self._model.apply(  # type: ignore[attr-defined]
            points_MxD.astype(np.float32)
        )
        return applied

    def probabilities(self, leaves_MxT: NDArray[np.int64]) -> Floats:
        """The mean over the trees of the probability of each verdict [M, C]."""
        total = np.zeros((len(leaves_MxT), len(self.classes)))
        for tree, values in enumerate(self.values):
            total += values[leaves_MxT[:, tree]]
        return total / len(self.values)


def fit_forest(
    known_NxD: Floats,
    labels: Sequence[Hashable],
    *,
    seed: int,
    trees: int,
    leaf: int,
    features: float,
) -> Forest:
    """Fits the map.

    Args:
        known_NxD: Trials that are labelled.
        labels: Their verdicts [N].
        seed: Of the trees' random splits.
        trees: T.
        leaf: Trials in a leaf at least. One is too trusting where seeds disagree.
        features: Share of the columns that each split looks at.
    """
    # Here: it takes a second, and no other sampler needs it.
    from sklearn.ensemble import ExtraTreesClassifier

    classes = tuple(sorted(set(labels), key=repr))
    place = {each: index for index, each in enumerate(classes)}
    y = np.array([place[each] for each in labels])
    model = ExtraTreesClassifier(
        trees,
        min_samples_leaf=leaf,
        max_features=features,
        random_state=seed,
        n_jobs=1,
    ).fit(known_NxD.astype(np.float32), y)
    values = []
    for tree in model.estimators_:
        counts = tree.tree_.value[:, 0, :]
        values.append(counts / counts.sum(axis=1, keepdims=True))
    return Forest(classes=classes, _model=model, values=tuple(values))
