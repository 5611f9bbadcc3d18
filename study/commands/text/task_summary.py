"""What a task asks of a network, in one line and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.engine import Task
    from study.engine.tasks.data.data_scale import DataScale


def task_line(hyperparameters: Mapping[str, Any], task: Task) -> str:
    """Data, outputs and measure of success, for people.

    Args:
        hyperparameters: Those of the task.
        task: The task that they make.
    """
    settings = "".join(f", {name} {value}" for name, value in hyperparameters.items())
    held_out = "" if task.validation is None else f", {len(task.validation[0])} held out"
    return (
        f"task {task.name}{settings}: {task.examples} examples{held_out} of {_examples(task)}; "
        f"{task.metric_name} {task.chance:.3g} by chance, {task.target:.3g} counts as trained, "
        f"{task.ceiling:.3g} is best"
    )


def _examples(task: Task) -> str:
    """What an example is, and what is asked of it."""
    if task.feed is not None:
        of = "each batch" if task.feed.whole else "each example"
        return f"{task.feed.example}, with a loss of {of}"
    shape = " x ".join(str(size) for size in task.inputs.shape[1:])
    kind = "numbers" if task.vocabulary is None else f"tokens out of {task.vocabulary}"
    where = "" if task.output_at == "example" else " at each time step"
    outputs = f"{task.outputs} {'output' if task.outputs == 1 else 'outputs'}"
    return f"{shape} {kind}, {outputs}{where}"


def data_line(task: Task) -> str:
    """Scale of inputs and targets, for people."""
    if task.feed is not None:
        return f"  loss {task.loss_chance:.4g} by chance; data of its own"
    from study.engine.tasks.data.data_scale import data_scale

    inputs, targets = data_scale(task.inputs), data_scale(task.targets)
    return f"  inputs {_scale_text(inputs)}; targets {_scale_text(targets)}"


def _scale_text(scale: DataScale) -> str:
    if scale.integers:
        return f"are integers from {scale.low:.0f} to {scale.high:.0f}"
    return (
        f"have mean {scale.mean:.3g}, standard deviation {scale.std:.3g}, and lie within "
        f"[{scale.low:.3g}, {scale.high:.3g}]"
    )


def task_facts(hyperparameters: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """The same for scripts."""
    from study.engine.tasks.data.data_scale import data_scale

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
        "inputs": asdict(data_scale(task.inputs)),
        "targets": asdict(data_scale(task.targets)),
    }
