"""Built-in tasks by name.

A task is a function that returns a Task. It takes keyword arguments: options of the study file,
and hyperparameters, which trials of one cohort agree in.
"""

from __future__ import annotations

from study.engine.tasks.digits import digits
from study.engine.tasks.factory import (
    TaskError,
    TaskFactory,
    TaskParameter,
    make_task,
    task_parameters,
)
from study.engine.tasks.option import takes_path

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
}
