"""Training a cohort: all its trials step together, each as if it were alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from study.engine.cohort_run import CohortRun
from study.engine.fusible import FUSIBLE, check_alike
from study.engine.networks import NetworkFactory
from study.engine.record import CohortRecord
from study.engine.tasks.task import Task
from study.trial import Trial

__all__ = ["FUSIBLE", "train_cohort"]


def train_cohort(
    trials: Sequence[Trial],
    *,
    task: Task,
    network: NetworkFactory,
    steps: int,
    device: str | torch.device = "cpu",
    observe: bool = True,
    execution: str = "auto",
) -> CohortRecord:
    """Trains trials that agree in every hyperparameter outside FUSIBLE.

    Each trial's numbers depend on its hyperparameters and seed alone, up to floating point:
    not on its neighbours, its place in the cohort, or what happens to them.

    Args:
        trials: At least one.
        task: Data, loss and metric.
        network: Builds the network that all of them share.
        steps: Optimizer steps, at least one.
        device: Where to train.
        observe: Whether to measure the per-layer quantities at recorded steps.
        execution: How the network is run, one of EXECUTIONS: by default the fastest way; the
            numbers are the same.

    Raises:
        ValueError: If the trials cannot share a cohort, or the batch exceeds the data.
        NetworkError: If the network does not fit the task.
    """
    check_alike(trials)
    started = time.perf_counter()
    run = CohortRun(
        trials, task, network, steps, torch.device(device), observe=observe, execution=execution
    )
    for step in range(steps):
        run.step(step)
        if not len(run.recording.alive):
            break
    run.end()
    return run.recording.record(time.perf_counter() - started)
