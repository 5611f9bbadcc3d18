"""What turns a cohort's parameters and batches into losses and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from study.engine.cohort.blocks import Blocks
from study.engine.observing.observation import Observation
from study.engine.optimizers import Rule
from study.engine.tasks.chance.predicted import PerExample
from study.engine.tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Holds what all trials train on in one step.

    Attributes:
        step: Number of the step; random numbers in the forward pass depend on it.
        inputs_KxB: (K, B, ...).
        targets_KxB: (K, B, ...).
    """

    step: int
    inputs_KxB: Tensor
    targets_KxB: Tensor

    def of(self, trials: slice) -> Batch:
        """Returns the same for some of the trials."""
        return Batch(
            step=self.step,
            inputs_KxB=self.inputs_KxB[trials],
            targets_KxB=self.targets_KxB[trials],
        )


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One forward and backward pass.

    Attributes:
        loss_K: Mean loss of each trial's batch.
        loss_KxB: Losses by example, detached.
        metric_KxB: Metrics by example.
        gradients: Laid out as the blocks' values are.
    """

    loss_K: Tensor
    loss_KxB: Tensor
    metric_KxB: Tensor
    gradients: Sequence[Tensor]

    @property
    def metric_K(self) -> Tensor:
        """Mean metric of each trial's batch."""
        return self.metric_KxB.mean(dim=1)


class Execution(Protocol):
    """One way to run a cohort's network; all give the same numbers up to floating point.

    Attributes:
        name: Among EXECUTIONS.
        blocks: The parameters, which optimizers update in place.
        notice: Why it had to be this way, where a person might wonder.
        copies: Each trial's own network, where trials run one after another; else none.
        draws: Whether the network draws random numbers (dropout).
    """

    name: str
    blocks: Blocks
    notice: str | None
    copies: Sequence[nn.Module]
    draws: bool

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        """Computes losses and gradients of each trial on its own examples.

        Args:
            batch: Inputs and targets of this step, (K, B, ...).
            observation: Shown activations and deltas, if any.
        """

    def keep(self, slots: Tensor) -> None:
        """Goes on with these trials of the cohort only.

        Args:
            slots: Indices along the trial axis, in ascending order.
        """

    def state(self) -> list[Tensor]:
        """Returns what a checkpoint must hold beside the blocks' values."""

    def load(self, state: Sequence[Tensor]) -> None:
        """Goes on from a checkpoint, whose values the blocks have already."""


@dataclass(frozen=True, kw_only=True)
class Updates:
    """What an optimizer and the clipping do in S steps.

    Attributes:
        rule: Of the optimizer.
        memory: What it remembers, flat, laid out as the blocks are.
        factors: Numbers of the rule, `coupled_decay` and limits of the clipping by name, (S, K)
            or (K,).
    """

    rule: Rule
    memory: Sequence[Tensor]
    factors: Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What S steps showed; NaN behind the step in which a trial was lost.

    Attributes:
        scalars: Loss, metric, gradient norm and clip factor, (4, S, K).
        norms: Gradient norms of N parameters in the order of the forward pass, (S, N, K).
        by_example: Losses and metrics, (S, K, B) each.
    """

    scalars: Tensor
    norms: Tensor
    by_example: tuple[Tensor, Tensor]


@runtime_checkable
class SeveralSteps(Protocol):
    """An execution that takes several steps at once, updates included."""

    def knows(self, rule: Rule) -> bool:
        """Returns whether it can update by this rule."""

    def several(self, batches_SxKxB: Tensor, updates: Updates) -> Steps:
        """Takes S steps of all trials.

        A trial whose loss or gradient is not finite stays as it was before that step's update.

        Args:
            batches_SxKxB: Numbers of examples.
            updates: Of these steps.
        """


def by_example(function: PerExample, outputs_KxB: Tensor, targets_KxB: Tensor) -> Tensor:
    """Applies a function of examples to all trials' examples at once; (K, B)."""
    values = function(outputs_KxB.flatten(0, 1), targets_KxB.flatten(0, 1))
    return values.view(outputs_KxB.shape[:2])


def metrics(task: Task, outputs_KxB: Tensor, targets_KxB: Tensor) -> Tensor:
    """Computes the metric by trial and example, (K, B)."""
    return by_example(task.metric, outputs_KxB.detach(), targets_KxB)
