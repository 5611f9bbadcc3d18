"""How long an execution takes for a network, found by trying."""

from __future__ import annotations

import time

import torch

from study.engine.execution.execution import Batch, Execution

TRIED_ALONE = 2
"""Trials that the loop is tried on: its time is proportional to their number."""

TRIED_TOGETHER = 16
"""Trials that run together in a trial run: more of them do not change a trial's share much."""

TURNS = 2
"""Timed passes, of which the quicker counts: other work on the machine can only slow one down."""


def seconds_per_trial(execution: Execution, batch: Batch) -> float:
    """Measures the time of one forward and backward pass, after one that warms up.

    Args:
        execution: Parameters stay as they are.
        batch: Of at least as many trials as the execution has.
    """
    trials = execution.blocks.trials
    some = batch.of(slice(trials))
    execution.run(some, None)
    return min(_seconds(execution, some) for _ in range(TURNS)) / trials


def _seconds(execution: Execution, batch: Batch) -> float:
    device = batch.inputs_KxB.device
    _wait(device)
    started = time.perf_counter()
    execution.run(batch, None)
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
