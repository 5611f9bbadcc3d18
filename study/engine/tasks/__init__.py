"""Built-in tasks by name. A task is a function without arguments that returns a Task."""

from __future__ import annotations

from collections.abc import Callable

from study.engine.tasks.digits import digits
from study.engine.tasks.task import Task

TaskFactory = Callable[[], Task]

TASKS: dict[str, TaskFactory] = {
    "digits": digits,
}
