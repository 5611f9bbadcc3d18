"""Training a cohort: all its trials step together, each as if it were alone."""

from __future__ import annotations

import gc
import logging
import math
import time
from collections.abc import Callable, Sequence

import torch

from study.engine.checkpoint import CheckpointFile, Checkpoints, source_of
from study.engine.cohort.fusible import check_alike
from study.engine.cohort_run import CohortRun
from study.engine.cost import trial_cost
from study.engine.devices import ready
from study.engine.execution import execution_of
from study.engine.memory import is_out_of_memory, memory_limit
from study.engine.networks import NetworkFactory
from study.engine.observing.record import CohortRecord, joined
from study.engine.observing.stopping import StopRule
from study.engine.observing.tiers import statistics_named
from study.engine.precision import without_subnormals
from study.engine.tasks.task import Task
from study.losses import DIVERGENCE_FACTOR
from study.trial import FUSIBLE, Trial

__all__ = ["FUSIBLE", "train_cohort"]

_logger = logging.getLogger("gradscape.engine")

Train = Callable[[Sequence[Trial]], CohortRecord]


@without_subnormals()
def train_cohort(
    trials: Sequence[Trial],
    *,
    task: Task,
    network: NetworkFactory,
    steps: int,
    device: str | torch.device = "cpu",
    statistics: str = "standard",
    sharpness_steps: Sequence[int] | None = None,
    execution: str = "auto",
    divergence_factor: float = DIVERGENCE_FACTOR,
    stop: StopRule | None = None,
    memory_bytes: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> CohortRecord:
    """Trains trials that agree in every hyperparameter outside FUSIBLE.

    Each trial's numbers depend on its hyperparameters and seed alone, up to floating point:
    not on its neighbours, its index in the cohort, or what happens to them. A cohort that does
    not fit into memory is trained in parts.

    Args:
        trials: At least one.
        task: Data, loss and metric.
        network: Builds the network that all of them share.
        steps: Optimizer steps, at least one.
        device: Where to train, a device of torch or its name ("cuda:0").
        statistics: What is measured beside the losses: a name among STATISTICS. It changes
            neither the training nor any random state.
        sharpness_steps: When sharpness is measured, in place of when these statistics do.
        execution: How the network is run, one of EXECUTIONS: by default the fastest way; the
            numbers are the same.
        divergence_factor: A trial stops at its first loss over this many times the first, > 1.
        stop: Ends trials whose verdict is certain; by default all take all their steps.
        memory_bytes: What the cohort may take, by the estimate of `trial_cost`; by default most
            of what the device has free.
        checkpoints: Where a long training keeps its state, and goes on from, bit for bit on the
            same device; by default nowhere.

    Raises:
        ValueError: If the trials cannot share a cohort, the batch exceeds the data, or there are
            no such statistics.
        NetworkError: If the network does not fit the task.
        torch.OutOfMemoryError: If a single trial does not fit into memory.
    """
    check_alike(trials)
    on_device = ready(device)
    tier = statistics_named(statistics, sharpness_steps)

    def train(part: Sequence[Trial]) -> CohortRecord:
        file, started = None, time.perf_counter()
        if checkpoints is not None:
            own_loss = None if task.feed is None else task.feed.loss
            code = source_of(network), source_of(own_loss or task.loss)
            ends = (*_bound(divergence_factor), *(() if stop is None else (stop.name,)))
            measured = (statistics, on_device, *code, *ends, *_schedule(sharpness_steps))
            file = CheckpointFile(checkpoints, part, (task.name, steps, *measured))
        state = None if file is None else file.load(on_device)
        run = CohortRun(
            *(part, task, network, steps, on_device),
            statistics=tier,
            execution=execution if state is None else execution_of(state),
            divergence_factor=divergence_factor,
            stop=stop,
        )
        _step_through(run, steps, 0 if state is None else run.load(state), file)
        return run.record(time.perf_counter() - started)

    parts = _parts(trials, task, network, on_device, memory_bytes)
    return joined([record for part in parts for record in _halving(part, train)])


def _parts(
    trials: Sequence[Trial],
    task: Task,
    network: NetworkFactory,
    device: torch.device,
    memory_bytes: float | None,
) -> list[Sequence[Trial]]:
    """Cuts the cohort into parts that fit into memory, by the estimate for one trial."""
    limit = memory_limit(device, 1.0) if memory_bytes is None else memory_bytes
    with torch.random.fork_rng(devices=[]):
        cost = trial_cost(network, trials[0].hyperparameters, task)
    return evenly(trials, max(1, int(limit // cost.memory_bytes)))


def evenly(trials: Sequence[Trial], largest: int) -> list[Sequence[Trial]]:
    """As few parts as possible, none above `largest`, of about the same size."""
    size = math.ceil(len(trials) / math.ceil(len(trials) / largest))
    return [trials[start : start + size] for start in range(0, len(trials), size)]


def _bound(divergence_factor: float) -> tuple[float, ...]:
    """Returns what it adds to a checkpoint's name: nothing by default, as in older versions."""
    return () if divergence_factor == DIVERGENCE_FACTOR else (divergence_factor,)


def _schedule(sharpness_steps: Sequence[int] | None) -> tuple[object, ...]:
    """Returns what it adds to a checkpoint's name: nothing where the statistics have their own."""
    return () if sharpness_steps is None else (tuple(sharpness_steps),)


def _step_through(run: CohortRun, steps: int, first: int, file: CheckpointFile | None) -> None:
    step = first
    while step < steps and len(run.recording.alive):
        step = run.advance(step)
        if file is not None and file.due:
            file.save(run.state(step))
    run.end()
    if file is not None:
        file.remove()


def _halving(trials: Sequence[Trial], train: Train) -> list[CohortRecord]:
    """Trains them together or, where memory runs out, one half after the other."""
    try:
        return [train(trials)]
    except (RuntimeError, MemoryError) as error:
        if len(trials) == 1 or not is_out_of_memory(error):
            raise
    # Only here, where the traceback no longer holds the tensors of the attempt.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = math.ceil(len(trials) / 2)
    _logger.warning("out of memory with %d trials at once; going on with %d", len(trials), half)
    return [*_halving(trials[:half], train), *_halving(trials[half:], train)]
