"""Built-in tasks by name.

A task is a function that returns a Task. It takes keyword arguments: options of the study file,
and hyperparameters, which trials of one cohort agree in.
"""

from __future__ import annotations

from study.engine.tasks.adding import adding
from study.engine.tasks.copy import copy
from study.engine.tasks.digits import digits
from study.engine.tasks.factory import (
    TaskError,
    TaskFactory,
    TaskParameter,
    make_task,
    task_parameters,
)
from study.engine.tasks.idx_images import idx_images
from study.engine.tasks.option import takes_path
from study.engine.tasks.quadratic import quadratic
from study.engine.tasks.teacher import teacher
from study.engine.tasks.temporal_order import temporal_order
from study.engine.tasks.text import text
from study.engine.tasks.torchvision import torchvision

__all__ = [
    "TASKS",
    "TaskError",
    "TaskFactory",
    "TaskParameter",
    "make_task",
    "takes_path",
    "task_parameters",
]

TASKS: dict[str, TaskFactory] = {
    "digits": digits,
    "idx_images": idx_images,
    "text": text,
    "adding": adding,
    "copy": copy,
    "temporal_order": temporal_order,
    "teacher": teacher,
    "quadratic": quadratic,
    "torchvision": torchvision,
}
