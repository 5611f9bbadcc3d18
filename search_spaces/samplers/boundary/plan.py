"""The next trials at the boundary, given one state of knowledge.

M candidates, T trees.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.samplers.boundary.forest import Forest
from search_spaces.samplers.boundary.uncertainty import similarity

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Taste:
    """What is preferred among candidates.

    Attributes:
        sharpness: Power of the uncertainty: larger ones keep nearer to the boundary.
        crowding: How much a trial counts that lies near: 0 lets trials clump.
        temperature: Of the choice; 0 takes the best, 1 draws in proportion.
        packing: Bonus in logarithmic units for a candidate that can be trained together with
            trials that wait.
    """

    sharpness: float
    crowding: float
    temperature: float
    packing: float


class Plan:
    """Candidates, how much each would teach, and what lies near them already.

    The next one depends on the state of knowledge and on the set of trials that it does not
    cover yet, not on the order in which these were asked or told.

    Args:
        settings: The candidates [M].
        points_MxD: The same as the forest sees them.
        value_M: How much each would teach, 0 to 1.
        forest: Whose metric tells what lies near.
        taste: What is preferred.
        seed: Of the draws.
        cohort_key: Trials that agree in it are trained together.
    """

    def __init__(
        self,
        *,
        settings: Sequence[Mapping[str, Any]],
        points_MxD: Floats,
        value_M: Floats,
        forest: Forest,
        taste: Taste,
        seed: Sequence[int],
        cohort_key: Callable[[Mapping[str, Any]], Hashable] | None,
    ) -> None:
        self._settings = settings
        self._forest = forest
        self._leaves = forest.leaves(points_MxD)
        self._taste = taste
        rng = np.random.default_rng(list(seed))
        noise = rng.gumbel(size=len(settings)) * taste.temperature
        self._score = taste.sharpness * np.log(value_M + 1e-9) + noise
        self._crowd = np.zeros(len(settings))
        self._counted: set[int] = set()
        keys = [cohort_key(each) for each in settings] if cohort_key else None
        self._keys = keys
        self._cohort_key = cohort_key
        self._places = _by_key(keys) if keys else {}

    def count(self, trials: Mapping[int, Floats]) -> bool:
        """Takes note of trials [D] that the state of knowledge does not cover, by number.

        Returns:
            False if it has counted others, which are not among them: a new plan is due.
        """
        if not self._counted <= trials.keys():
            return False
        for number in sorted(trials.keys() - self._counted):
            leaves = self._forest.leaves(trials[number][None, :])[0]
            self._crowd += similarity(self._leaves, leaves)
            self._counted.add(number)
        return True

    def next(self, waiting: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The best candidate.

        Args:
            waiting: Trials that wait or are in training.
        """
        score = self._score - self._taste.crowding * np.log1p(10.0 * self._crowd)
        if self._cohort_key is not None and self._taste.packing:
            for key, count in Counter(map(self._cohort_key, waiting)).items():
                bonus = self._taste.packing * min(1.0, math.log2(1 + count) / 3)
                score[self._places.get(key, [])] += bonus
        return self._settings[int(np.argmax(score))]


def _by_key(keys: Sequence[Hashable]) -> dict[Hashable, NDArray[np.int64]]:
    places: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return {key: np.array(found) for key, found in places.items()}
