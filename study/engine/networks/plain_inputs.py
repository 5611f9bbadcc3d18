"""What networks that flatten their inputs ask of a task."""

from __future__ import annotations

from study.engine.tasks.task import Task


def check_plain(network: str, task: Task) -> None:
    """Refuses tasks of tokens, and those that want an output at each time step.

    Raises:
        ValueError: If the task is one of these.
    """
    if task.vocabulary is not None:
        raise ValueError(
            f"network {network} needs inputs of numbers, but task {task.name} has tokens"
        )
    if task.output_at != "example":
        raise ValueError(
            f"network {network} answers once for an example, but task {task.name} asks for an "
            f"output at each {task.output_at}"
        )
