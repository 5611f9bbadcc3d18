"""The training engine: torch only, usable by itself.

A trial is a pure function of its task, network, hyperparameters and seed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from study.engine.checkpoint import Checkpoints
    from study.engine.layers import Layer, find_layers
    from study.engine.networks import NETWORKS, NetworkFactory
    from study.engine.networks.error import NetworkError
    from study.engine.observing.record import CohortRecord
    from study.engine.tasks import (
        TASKS,
        TaskError,
        TaskFactory,
        TaskParameter,
        make_task,
        task_parameters,
    )
    from study.engine.tasks.feeding.batch_task import batch_task
    from study.engine.tasks.feeding.loader import examples_of
    from study.engine.tasks.task import Task, classification
    from study.engine.training import train_cohort

# Looked up on first use: a study file is checked by names that stand here, and without torch.
_HOMES = {
    "NETWORKS": "study.engine.networks",
    "TASKS": "study.engine.tasks",
    "Checkpoints": "study.engine.checkpoint",
    "CohortRecord": "study.engine.observing.record",
    "Layer": "study.engine.layers",
    "NetworkError": "study.engine.networks.error",
    "NetworkFactory": "study.engine.networks",
    "Task": "study.engine.tasks.task",
    "TaskError": "study.engine.tasks",
    "TaskFactory": "study.engine.tasks",
    "TaskParameter": "study.engine.tasks",
    "batch_task": "study.engine.tasks.feeding.batch_task",
    "classification": "study.engine.tasks.task",
    "examples_of": "study.engine.tasks.feeding.loader",
    "find_layers": "study.engine.layers",
    "make_task": "study.engine.tasks",
    "task_parameters": "study.engine.tasks",
    "train_cohort": "study.engine.training",
}

__all__ = [
    "NETWORKS",
    "TASKS",
    "Checkpoints",
    "CohortRecord",
    "Layer",
    "NetworkError",
    "NetworkFactory",
    "Task",
    "TaskError",
    "TaskFactory",
    "TaskParameter",
    "batch_task",
    "classification",
    "examples_of",
    "find_layers",
    "make_task",
    "task_parameters",
    "train_cohort",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
