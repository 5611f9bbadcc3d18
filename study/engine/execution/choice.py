"""How long an execution takes for a network, found by trying."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from study.engine.execution.execution import Execution

TRIED_ALONE = 2
"""Trials that the loop is tried on: its time is proportional to their number."""

TRIED_TOGETHER = 16
"""Trials that run together in a trial run: more of them do not change a trial's share much."""

TURNS = 2
"""Timed passes, of which the quicker counts: other work on the machine can only slow one down."""


def seconds_per_trial(execution: Execution, inputs_KxB: Tensor, targets_KxB: Tensor) -> float:
    """Time of one forward and backward pass, after one that warms up.

    Args:
        execution: Parameters stay as they are.
        inputs_KxB: At least as many trials as the execution has.
        targets_KxB: Likewise.
    """
    trials = execution.blocks.trials
    batch = inputs_KxB[:trials], targets_KxB[:trials]
    execution.run(0, *batch, None)
    return min(_seconds(execution, *batch) for _ in range(TURNS)) / trials


def _seconds(execution: Execution, inputs_KxB: Tensor, targets_KxB: Tensor) -> float:
    _wait(inputs_KxB.device)
    started = time.perf_counter()
    execution.run(0, inputs_KxB, targets_KxB, None)
    _wait(inputs_KxB.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
