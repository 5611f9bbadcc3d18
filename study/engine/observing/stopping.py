"""Trials that end before their last step because their verdict is certain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from study.engine.observing.record import CohortRecord
from study.trial import Trial


class StopRule(Protocol):
    """Says which trials of a cohort are decided; the engine knows no verdicts."""

    @property
    def name(self) -> str:
        """Names the rule with all that it depends on, for checkpoints."""

    def decided(self, so_far: CohortRecord, alive: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Looks at a cohort in training, right after a recorded step.

        Args:
            so_far: The record as if training ended here.
            alive: Indices of the trials to look at.

        Returns:
            Whether what comes later cannot change the verdict, by element of ``alive``.
        """

    def goes_on(self, trial: Trial) -> bool:
        """Returns whether a decided trial goes on, to measure how often the rule is wrong."""


class Decisions:
    """Which trials of a cohort were decided, and after which step.

    Args:
        rule: Says which are; None decides none.
        trials: All trials of the cohort.
    """

    def __init__(self, rule: StopRule | None, trials: Sequence[Trial]) -> None:
        self._rule = rule
        self._trials = tuple(trials)
        self._steps: dict[int, int] = {}

    def look(
        self, step: int, alive: Collection[int], so_far: Callable[[], CohortRecord]
    ) -> list[int]:
        """Asks the rule after a recorded step.

        Args:
            step: The step.
            alive: Indices of the trials in training.
            so_far: Makes the record as if training ended here.

        Returns:
            The trials that end here: those that are decided and do not go on all the same.
        """
        asked = np.array([trial for trial in alive if trial not in self._steps], dtype=np.int64)
        if self._rule is None or not len(asked):
            return []
        decided = asked[self._rule.decided(so_far(), asked)].tolist()
        self._steps.update(dict.fromkeys(decided, step))
        return [trial for trial in decided if not self._rule.goes_on(self._trials[trial])]

    def steps(self) -> npt.NDArray[np.int64]:
        """Returns the step by trial, -1 where it was not decided, (K,)."""
        return np.array([self._steps.get(trial, -1) for trial in range(len(self._trials))])

    def state(self) -> list[list[int]]:
        """Returns what a checkpoint holds."""
        return [[trial, step] for trial, step in self._steps.items()]

    def load(self, state: Sequence[Sequence[int]]) -> None:
        """Goes on from a checkpoint."""
        self._steps = {trial: step for trial, step in state}
