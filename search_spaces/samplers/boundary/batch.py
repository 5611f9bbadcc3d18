"""The next trials at the boundary, given one fit of the model. M candidates, D columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.samplers.boundary.acquisition import Acquisition

Floats = NDArray[np.float64]

FULL = 8
"""Waiting trials of one cohort from which on another gets the whole bonus."""


_SAME = 1e-9
"""Points whose columns differ by less are the same point."""


class Batch:
    """Candidates, how much each would teach, and which are under way already.

    The next one depends on the fit and on the trials that it does not cover yet, on nothing else:
    a driver that restarts in between proposes the same.

    Args:
        settings: The candidates [M].
        at_MxD: Columns of the candidates.
        acquisitions: One for each verdict whose boundary is mapped; all count alike.
        cohort_key: Trials that agree in it are trained together; None if none are.
        packing: Bonus, as a share of what it would teach, for a candidate that can be trained
            together with trials that wait.
    """

    def __init__(
        self,
        *,
        settings: Sequence[Mapping[str, Any]],
        at_MxD: Floats,
        acquisitions: Sequence[Acquisition],
        cohort_key: Callable[[Mapping[str, Any]], Hashable] | None,
        packing: float,
    ) -> None:
        self._settings = settings
        self._at_MxD = at_MxD
        self._taken_M = np.zeros(len(settings), dtype=bool)
        self._acquisitions = acquisitions
        self._counted: set[int] = set()
        self._cohort_key = cohort_key
        self._packing = packing
        self._candidates_by_key: dict[Hashable, list[int]] = {}
        for index, setting in enumerate(settings if cohort_key else ()):
            assert cohort_key is not None
            self._candidates_by_key.setdefault(cohort_key(setting), []).append(index)

    def condition_on(self, trials: Mapping[int, Floats]) -> bool:
        """Counts trials as known that the fit does not cover, whatever they will come to.

        Args:
            trials: Columns [D] of each, by the trial's number.

        Returns:
            False if it has counted others, which are not among them: what they took away cannot
            be given back, so that a new batch is due.
        """
        if not self._counted <= trials.keys():
            return False
        for number in sorted(trials.keys() - self._counted):
            self._taken_M |= np.abs(self._at_MxD - trials[number]).max(axis=1) < _SAME
            for acquisition in self._acquisitions:
                acquisition.condition_on(trials[number])
            self._counted.add(number)
        return True

    def next(self, waiting: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Returns the best candidate that is not under way; if all are, the best of them.

        Args:
            waiting: Hyperparameters of the trials that wait or are in training.
        """
        gain = np.zeros(len(self._settings))
        for acquisition in self._acquisitions:
            gain += acquisition.gain()
        if self._cohort_key is not None and self._packing:
            # Logarithmic: the first companions of a trial save the most.
            for key, count in Counter(map(self._cohort_key, waiting)).items():
                full = min(1.0, math.log(1 + count) / math.log(1 + FULL))
                gain[self._candidates_by_key.get(key, [])] *= 1.0 + self._packing * full
        if not self._taken_M.all():
            gain[self._taken_M] = -1.0
        return self._settings[int(np.argmax(gain))]
