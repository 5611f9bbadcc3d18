"""What a task asks of a network, in one line and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.engine import Task


def task_line(hyperparameters: Mapping[str, Any], task: Task) -> str:
    """Data, outputs and measure of success, for people.

    Args:
        hyperparameters: Those of the task.
        task: The task that they make.
    """
    settings = "".join(f", {name} {value}" for name, value in hyperparameters.items())
    shape = " x ".join(str(size) for size in task.inputs.shape[1:])
    kind = "numbers" if task.vocabulary is None else f"tokens out of {task.vocabulary}"
    where = "" if task.output_at == "example" else " at each time step"
    return (
        f"task {task.name}{settings}: {task.examples} examples of {shape} {kind}, "
        f"{task.outputs} {'output' if task.outputs == 1 else 'outputs'}{where}; "
        f"{task.metric_name} {task.chance:.3g} by chance, {task.target:.3g} counts as trained, "
        f"{task.ceiling:.3g} is best"
    )


def task_facts(hyperparameters: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "hyperparameters": dict(hyperparameters),
        "examples": task.examples,
        "input_shape": list(task.inputs.shape[1:]),
        "vocabulary": task.vocabulary,
        "outputs": task.outputs,
        "output_at": task.output_at,
        "metric": task.metric_name,
        "chance": task.chance,
        "target": task.target,
        "ceiling": task.ceiling,
        "loss_chance": task.loss_chance,
    }
