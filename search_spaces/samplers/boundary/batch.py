"""The next trials at the boundary, given one state of knowledge. M candidates."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.samplers.boundary.acquisition import Target
from search_spaces.samplers.boundary.kernel import FourierFeatures

Floats = NDArray[np.float64]

FULL = 8
"""Waiting trials of one cohort from which on another gets the whole bonus."""


_SAME = 1e-9
"""Columns that differ by less are those of one place."""


class Plan:
    """Candidates, how much each would teach, and what is under way already.

    The next one depends on the state of knowledge and on the trials that it does not cover yet.
    Such a trial counts as known whatever it will come to, so that trials that are asked together
    do not clump.

    Args:
        settings: The candidates [M].
        at_MxD: Their columns.
        targets: The boundaries that are mapped, with their weights.
        features: Of the kernel.
        cohort_key: Trials that agree in it are trained together; None if none are.
        packing: Bonus, as a share of what it would teach, for a candidate that can be trained
            together with trials that wait.
    """

    def __init__(
        self,
        *,
        settings: Sequence[Mapping[str, Any]],
        at_MxD: Floats,
        targets: Sequence[tuple[float, Target]],
        features: FourierFeatures,
        cohort_key: Callable[[Mapping[str, Any]], Hashable] | None,
        packing: float,
    ) -> None:
        self._settings = settings
        self._at_MxD = at_MxD
        self._taken_M = np.zeros(len(settings), dtype=bool)
        self._targets = targets
        self._features = features
        self._counted: set[int] = set()
        self._cohort_key = cohort_key
        self._packing = packing
        self._places: dict[Hashable, list[int]] = {}
        for place, each in enumerate(settings if cohort_key else ()):
            assert cohort_key is not None
            self._places.setdefault(cohort_key(each), []).append(place)

    def expect(self, trials: Mapping[int, Floats]) -> bool:
        """Takes note of trials [D] that the state of knowledge does not cover, by number.

        Returns:
            False if it has counted others, which are not among them: a new plan is due.
        """
        if not self._counted <= trials.keys():
            return False
        for number in sorted(trials.keys() - self._counted):
            self._taken_M |= np.abs(self._at_MxD - trials[number]).max(axis=1) < _SAME
            features_F = self._features(trials[number][None, :])[0]
            for _, target in self._targets:
                target.expect(features_F)
            self._counted.add(number)
        return True

    def next(self, waiting: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The best candidate that is not under way; of few, one that is may be the best.

        Args:
            waiting: Trials that wait or are in training.
        """
        gain = np.zeros(len(self._settings))
        for weight, target in self._targets:
            gain += weight * target.gain()
        if self._cohort_key is not None and self._packing:
            for key, count in Counter(map(self._cohort_key, waiting)).items():
                full = min(1.0, math.log(1 + count) / math.log(1 + FULL))
                gain[self._places.get(key, [])] *= 1.0 + self._packing * full
        if not self._taken_M.all():
            gain[self._taken_M] = -1.0
        return self._settings[int(np.argmax(gain))]
