"""What goes wrong, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """What can go wrong; the value is how it is told."""

    WORKER = "worker process killed"
    NODE_LEAVES = "node removed"
    NODE_JOINS = "node added"
    MLFLOW_STOPPED = "MLflow server stopped and continued"
    MLFLOW_KILLED = "MLflow server killed and started"
    POSTGRESQL = "PostgreSQL restarted"
    DRIVER = "driver killed and resumed"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: Which.
        at: Share of the trials that are recorded when it happens.
    """

    kind: FaultKind
    at: float


EARLIEST, LATEST = 0.02, 0.85
"""Shares of the trials between which faults lie: the last of them still meets a study at work."""


def plan_faults(seed: int) -> list[Fault]:
    """The faults of a seed, in the order of their times, which are uniform and independent."""
    rng = random.Random(seed)
    mlflow = rng.choice([FaultKind.MLFLOW_STOPPED, FaultKind.MLFLOW_KILLED])
    kinds = [FaultKind.WORKER] * 2 + [FaultKind.DRIVER] * 2
    kinds += [FaultKind.NODE_LEAVES, FaultKind.NODE_JOINS, mlflow, FaultKind.POSTGRESQL]
    faults = [Fault(kind=kind, at=rng.uniform(EARLIEST, LATEST)) for kind in kinds]
    return sorted(faults, key=lambda fault: fault.at)
