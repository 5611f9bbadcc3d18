"""Built-in tasks by name.

A task is a function that returns a Task. It takes keyword arguments: options of the study file,
and hyperparameters, which trials of one cohort agree in.
"""

from __future__ import annotations

from importlib import import_module

from study.engine.built_in import BUILT_IN_TASKS
from study.engine.tasks.error import DataError, TaskError
from study.engine.tasks.factory import (
    TaskFactory,
    TaskParameter,
    make_task,
    of_any_task,
    task_parameters,
)
from study.engine.tasks.option import takes_path

__all__ = [
    "TASKS",
    "DataError",
    "TaskError",
    "TaskFactory",
    "TaskParameter",
    "make_task",
    "of_any_task",
    "takes_path",
    "task_parameters",
]

TASKS: dict[str, TaskFactory] = {
    name: getattr(import_module(f"{__name__}.{name}"), name) for name in BUILT_IN_TASKS
}
