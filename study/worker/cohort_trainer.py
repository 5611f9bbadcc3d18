"""What a worker does with a cohort: train it and label it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from study.engine import Checkpoints, NetworkFactory, Task, train_cohort
from study.engine.devices import cuda_missing
from study.engine.memory import memory_limit
from study.tables import CohortTables, StudyMetadata
from study.trial import Cohort
from study.verdicts import DEFAULT, Thresholds
from study.worker.loading import load_network, load_optimizer
from study.worker.rows import cohort_tables
from study.worker.stop_rule import DecidedVerdicts
from study.worker.tasks import TaskSource


@dataclass(frozen=True, kw_only=True)
class CohortTrainer:
    """Trains cohorts of one study; picklable, it loads task and network where it is called.

    Attributes:
        tasks: Gives each cohort its task.
        network: Name of the network.
        steps: Optimizer steps of each trial.
        metadata: Written into the tables; names the columns of hyperparameters.
        thresholds: Limits of the labels; `divergence_factor` also ends a trial's training.
        statistics: What is measured beside the losses.
        sharpness_steps: When sharpness is, in place of when these statistics measure it.
        stop: Whether trials end once their verdict is certain.
        device: "cpu" or "cuda".
        threads: CPU threads that one training may use; None leaves torch's own setting.
        share: Part of the device's memory that one training may use, 0 to 1; on a CPU the part
            that its threads are of all cores.
        checkpoints: Where long trainings keep their state, and how often.
        code: Folders of the person's own modules.
    """

    tasks: TaskSource
    network: str
    steps: int
    metadata: StudyMetadata
    thresholds: Thresholds = DEFAULT
    statistics: str = "standard"
    sharpness_steps: tuple[int, ...] | None = None
    stop: bool = False
    device: str = "cpu"
    threads: int | None = None
    share: float = 1.0
    checkpoints: Checkpoints | None = None
    code: tuple[Path, ...] = field(default=())

    def __call__(self, cohort: Cohort) -> bytes:
        """The cohort's tables as bytes."""
        return self.train(cohort).to_bytes()

    def train(self, cohort: Cohort) -> CohortTables:
        """Trains the cohort; every trial gets its rows and its labels.

        Raises:
            InputError: If it is to be trained on a GPU and there is none.
        """
        self._check_device()
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        # Every trial of the cohort has this task: a task's hyperparameters are not fusible.
        hyperparameters = cohort.trials[0].hyperparameters
        task = self.tasks.task(hyperparameters)
        if is_own(optimizer := str(hyperparameters.get("optimizer", ""))):
            load_optimizer(optimizer, code=self.code)
        record = train_cohort(
            cohort.trials,
            task=task,
            network=self._network,
            steps=self.steps,
            device=self.device,
            statistics=self.statistics,
            sharpness_steps=self.sharpness_steps,
            divergence_factor=self.thresholds.divergence_factor,
            stop=self._rule(task) if self.stop and cohort.may_stop else None,
            memory_bytes=memory_limit(torch.device(self.device), self._share),
            checkpoints=self.checkpoints,
        )
        return cohort_tables(record, task=task, metadata=self.metadata, thresholds=self.thresholds)

    def _rule(self, task: Task) -> DecidedVerdicts:
        return DecidedVerdicts(
            task=task, steps=self.steps, metadata=self.metadata, thresholds=self.thresholds
        )

    def _check_device(self) -> None:
        reason = None if self.device == "cpu" else cuda_missing()
        if reason is not None:
            raise InputError(
                f"a worker must train on its GPU, but node {socket.gethostname()} has no CUDA: "
                f"{reason}; install torch with CUDA there, or choose `device: cpu` to train on "
                "the CPU all the same",
                key="resources.device",
            )

    @property
    def _share(self) -> float:
        if self.device != "cpu" or self.threads is None:
            return self.share
        return min(1.0, self.threads / (os.cpu_count() or 1))

    def __getstate__(self) -> dict[str, object]:
        """Without the loaded network: a worker loads its own."""
        return {name: value for name, value in vars(self).items() if name != "_network"}

    @cached_property
    def _network(self) -> NetworkFactory:
        return load_network(self.network, code=self.code)
