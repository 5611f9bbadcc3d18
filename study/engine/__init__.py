"""The training engine: torch only, usable by itself.

A trial is a pure function of its task, network, hyperparameters and seed.
"""

from study.engine.checkpoint import Checkpoints
from study.engine.layers import Layer, NetworkError, find_layers
from study.engine.networks import NETWORKS, NetworkFactory
from study.engine.observing.record import CohortRecord
from study.engine.tasks import (
    TASKS,
    TaskError,
    TaskFactory,
    TaskParameter,
    make_task,
    task_parameters,
)
from study.engine.tasks.task import Task, classification
from study.engine.training import train_cohort

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
    "classification",
    "find_layers",
    "make_task",
    "task_parameters",
    "train_cohort",
]
