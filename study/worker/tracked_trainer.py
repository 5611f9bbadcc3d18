"""A trainer whose workers also write MLflow's runs."""

from __future__ import annotations

from dataclasses import dataclass

from study.tracking.database.from_workers import RunsFromWorkers
from study.trial import Cohort
from study.worker.cohort_trainer import CohortTrainer


@dataclass(frozen=True, kw_only=True)
class TrackedTrainer:
    """Trains cohorts and writes their runs, see `study.tracking.database.from_workers`.

    Attributes:
        trainer: Trains.
        runs: Writes.
    """

    trainer: CohortTrainer
    runs: RunsFromWorkers

    def __call__(self, cohort: Cohort) -> bytes:
        """The cohort's tables as bytes; its runs are there or are left to the driver."""
        tables = self.trainer.train(cohort)
        self.runs.write(tables)
        return tables.to_bytes()
