"""Which trials of a cohort in training are decided, by the labels that they would get now."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from study.engine import CohortRecord, Task
from study.engine.observing.record import part_of
from study.stopping import goes_on
from study.tables import StudyMetadata
from study.trial import Trial
from study.verdicts import Thresholds
from study.verdicts.certainty import EARLIEST, certainly_vanishing
from study.worker.rows import frames


@dataclass(frozen=True, kw_only=True)
class DecidedVerdicts:
    """Implements the engine's `StopRule`.

    Attributes:
        task: What the trials are trained on.
        steps: Steps of a whole training.
        metadata: Of the study's tables.
        thresholds: Where one label ends and the next begins.
    """

    task: Task
    steps: int
    metadata: StudyMetadata
    thresholds: Thresholds

    @property
    def name(self) -> str:
        return "decided " + json.dumps(asdict(self.thresholds), sort_keys=True)

    def decided(self, so_far: CohortRecord, alive: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if so_far.steps_run[alive[0]] < EARLIEST * self.steps:
            return np.zeros(len(alive), dtype=bool)
        trials, steps, layers = frames(part_of(so_far, alive), self.task, self.metadata)
        return certainly_vanishing(trials, steps, layers, self.thresholds)

    def goes_on(self, trial: Trial) -> bool:
        return goes_on(trial.number, trial.seed)
