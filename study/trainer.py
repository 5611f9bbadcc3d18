"""What a worker does with a cohort: train it and label it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from study.engine import NetworkFactory, Task, train_cohort
from study.resolution import load_network, load_task
from study.results import cohort_tables
from study.tables import CohortTables, StudyMetadata
from study.trial import Cohort
from study.verdicts import DEFAULT, Thresholds


@dataclass(frozen=True, kw_only=True)
class CohortTrainer:
    """Trains cohorts of one study; picklable, it loads task and network where it is called.

    Attributes:
        task: Name of the task.
        network: Name of the network.
        steps: Optimizer steps of each trial.
        metadata: Goes into the tables.
        thresholds: Of the labels.
        device: "cpu" or "cuda".
        threads: CPU threads that one training may use; None leaves torch's own setting.
        code: Folders of the person's own modules.
    """

    task: str
    network: str
    steps: int
    metadata: StudyMetadata
    thresholds: Thresholds = DEFAULT
    device: str = "cpu"
    threads: int | None = None
    code: tuple[Path, ...] = field(default=())

    def __call__(self, cohort: Cohort) -> bytes:
        """The cohort's tables as bytes."""
        return self.train(cohort).to_bytes()

    def train(self, cohort: Cohort) -> CohortTables:
        """Trains the cohort; every trial gets its rows and its labels."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        record = train_cohort(
            cohort.trials,
            task=self._task,
            network=self._network,
            steps=self.steps,
            device=self.device,
        )
        return cohort_tables(
            record, task=self._task, metadata=self.metadata, thresholds=self.thresholds
        )

    def __getstate__(self) -> dict[str, object]:
        """Without the loaded task and network: a worker loads its own."""
        cached = {"_task", "_network"}
        return {name: value for name, value in vars(self).items() if name not in cached}

    @cached_property
    def _task(self) -> Task:
        return load_task(self.task, code=self.code)

    @cached_property
    def _network(self) -> NetworkFactory:
        return load_network(self.network, code=self.code)
