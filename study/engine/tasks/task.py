"""What a network is asked to learn, and what counts as having learned it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from study.engine.tasks.chance.levels import NAME, Levels
from study.engine.tasks.chance.predicted import PerExample, Predicted
from study.engine.tasks.data.signal import signal
from study.engine.tasks.data.task_data import (
    check_data,
    check_differing,
    check_inputs,
    check_labels,
)
from study.engine.tasks.data.weighted import Weighted, label_weights
from study.engine.tasks.error import DataError
from study.engine.tasks.feeding.feed import Feed
from study.engine.tasks.measures import correct, cross_entropy

WORKED_OUT: Any = None
"""In place of a value that is worked out from the data when the task is made."""

HALF = 0.5
"""Of the way from chance to the ceiling: where a trial counts as trained unless a task says."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A data set with its loss and its measure of success.

    Attributes:
        name: For messages.
        inputs: All training inputs, (N, ...); floating ones are cast to a trial's dtype.
        targets: All training targets, (N, ...).
        outputs: Size of the last axis of what a network must return.
        loss: Losses by example, differentiable in the outputs; their mean is minimized.
        metric: Success by example; its mean over a batch is reported. Where it is not given, the
            share of the loss by chance that is gone, 1 - loss / loss_chance.
        metric_name: Name of that mean for people ("accuracy"); by default the function's.
        chance: The metric of the best constant prediction; by default it is worked out: the best
            of the loss's best constant and, where targets are integers, of each label.
        ceiling: The best metric that the task allows; needed with a metric, else 1.
        target: From this metric on a trial counts as trained; by default half of the way from
            chance to the ceiling.
        loss_chance: The loss of the best constant prediction; by default it is worked out.
        vocabulary: Where inputs are token numbers (N, T), how many tokens there are; else None.
        feed: Where a network is fed with more than one tensor: data and loss (`batch_task`).
        validation: Inputs and targets of examples that no trial trains on, (M, ...) each.
        output_at: Whether a network answers once for an example, (N, outputs), or at each of
            its time steps, (N, T, outputs).
        read_steps: Where a sequence is read first and answered then, how many time steps are
            read before the answer begins; else None.
        teacher_forced: Whether inputs hold the answers one time step later, to be hidden from
            who gives them.
        latent: Where an example is to be drawn from a few numbers, how many these are: the last
            2 `latent` outputs are their means and the logarithms of their variances.

    Raises:
        DataError: If inputs and targets differ in length, chance equals the ceiling, or what is
            not given cannot be worked out.
    """

    name: str
    inputs: Tensor
    targets: Tensor
    outputs: int
    loss: PerExample
    metric: PerExample = WORKED_OUT
    metric_name: str = WORKED_OUT
    chance: float = WORKED_OUT
    ceiling: float = WORKED_OUT
    target: float = WORKED_OUT
    loss_chance: float = WORKED_OUT
    vocabulary: int | None = None
    feed: Feed | None = None
    validation: tuple[Tensor, Tensor] | None = None
    output_at: Literal["example", "time_step"] = "example"
    read_steps: int | None = None
    teacher_forced: bool = False
    latent: int | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets) or len(self.inputs) == 0:
            raise DataError(
                f"task {self.name} must have as many targets as inputs, at least one, but got "
                f"{len(self.inputs)} inputs and {len(self.targets)} targets"
            )
        for name, value in _worked_out(self).items():
            object.__setattr__(self, name, value)
        if self.chance == self.ceiling:
            check_differing(self.name, self.targets)
            raise DataError(
                f"`chance != ceiling` must hold for task {self.name}, but both are {self.chance}"
            )

    @property
    def predicted(self) -> Predicted:
        """What outputs are compared with, whatever the inputs."""
        return Predicted(
            name=self.name,
            targets=self.targets,
            outputs=self.outputs,
            steps=None if self.output_at == "example" else self.inputs.shape[1],
        )

    @property
    def examples(self) -> int:
        """Number of training examples, N."""
        return len(self.inputs)

    @property
    def whole_batches(self) -> bool:
        """Whether a loss is that of a whole batch, so that examples have none of their own."""
        return self.feed is not None and self.feed.whole

    @property
    def features(self) -> int:
        """Numbers in one input."""
        return math.prod(self.inputs.shape[1:])

    @cached_property
    def signal(self) -> float | None:
        """What nearest neighbours or a line find in the inputs, from 0 to 1; None if unknown."""
        return signal(self.inputs, self.targets)


def _worked_out(task: Task) -> dict[str, Any]:
    """Values of what was not given, by name."""
    names = ("metric", "metric_name", "chance", "ceiling", "target", "loss_chance")
    known = {name: value for name in names if (value := getattr(task, name)) is not None}
    missing = [name for name in names if name not in known]
    if set(missing) & {"metric", "chance", "loss_chance"}:
        check_data(task)  # Numbers that are not finite would look like a fault of the loss.
    levels = Levels(loss=task.loss, predicted=task.predicted)
    if "loss_chance" in missing:
        known["loss_chance"] = levels.loss_chance
    if "metric" in missing:
        _check_levels(task)
        known["metric"] = levels.explained(known["loss_chance"])
        known |= {"metric_name": task.metric_name or NAME, "chance": 0.0, "ceiling": 1.0}
    if "ceiling" not in known:
        raise DataError(
            f"task {task.name} must say the ceiling of its metric, the best value that there is: "
            "1 of an accuracy, 0 of an error"
        )
    if "metric_name" not in known:
        known["metric_name"] = _readable(task.metric)
    if "chance" not in known:
        known["chance"] = levels.chance(task.metric, task.ceiling)
    if "target" not in known:
        known["target"] = known["chance"] + HALF * (known["ceiling"] - known["chance"])
    return {name: known[name] for name in missing}


def _check_levels(task: Task) -> None:
    """Levels belong to a metric; that of a task without one has levels of its own."""
    given = {"chance": task.chance, "ceiling": task.ceiling}
    for name, usual in (("chance", 0.0), ("ceiling", 1.0)):
        if given[name] is not None and given[name] != usual:
            raise DataError(
                f"`{name}` must come with the metric that it is a value of, but task {task.name} "
                f"has {name}={given[name]:g} and no metric"
            )


def _readable(metric: PerExample) -> str:
    """A function's name for people; that of an expression says nothing."""
    name = getattr(metric, "__name__", "metric")
    return name.replace("_", " ").strip() if name.isidentifier() else "metric"


def classification(
    name: str,
    inputs: Tensor,
    labels: Tensor,
    *,
    classes: int,
    target: float | None = None,
    vocabulary: int | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    balanced_metric: bool = False,
) -> Task:
    """Makes a task of labels: cross-entropy, accuracy, chance as the most frequent label.

    Args:
        name: For messages.
        inputs: (N, ...).
        labels: (N,), or (N, T) with one at each time step; integers in [0, classes).
        classes: Number of labels.
        target: Accuracy from which a trial counts as trained; by default half of the way from
            chance to 1.
        vocabulary: Number of tokens where inputs are token numbers.
        validation: Inputs and labels of examples that no trial trains on.
        balanced_metric: Whether success is balanced accuracy, the mean over the labels of the
            accuracy among each, whose chance is one in as many labels as there are.

    Raises:
        DataError: If an input is not finite, or a label or token is out of range; with the
            offending values and rows.
    """
    check_inputs(name, inputs, vocabulary=vocabulary)
    check_labels(name, labels, classes=classes)
    if validation is not None:
        check_inputs(name, validation[0], vocabulary=vocabulary)
        check_labels(name, validation[1], classes=classes)
    shares = torch.bincount(labels.flatten(), minlength=classes).double() / labels.numel()
    return Task(
        name=name,
        inputs=inputs,
        targets=labels,
        vocabulary=vocabulary,
        validation=validation,
        output_at="example" if labels.ndim == 1 else "time_step",
        outputs=classes,
        loss=cross_entropy,
        metric=Weighted(correct, *label_weights(labels), level=1.0)
        if balanced_metric
        else correct,
        metric_name="balanced accuracy" if balanced_metric else "accuracy",
        chance=1 / int(shares.count_nonzero()) if balanced_metric else float(shares.max()),
        ceiling=1.0,
        target=WORKED_OUT if target is None else target,
        loss_chance=float(torch.special.entr(shares).sum()),
    )
