"""The steps between two recorded ones, where an execution can take several at once.

Axes: K trials still in the cohort, B examples of a batch, S steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.clipping import Clipping
from study.engine.cohort.batches import BatchOrder
from study.engine.cohort.examples import Examples
from study.engine.execution import Execution
from study.engine.execution.execution import SeveralSteps, Updates
from study.engine.forensics import FailureWatch
from study.engine.loss_surface import LossSurface
from study.engine.observing.recording import Recording
from study.engine.optimizers import Optimizer

AT_ONCE = 64
"""Steps, at most: so that a checkpoint that is due does not wait long."""

NUMBERS = 2**22
"""Losses by example that are kept at once, at most."""


class Unrecorded:
    """Takes steps that nothing is measured in but losses, metrics and gradient norms.

    Args:
        execution: Of the cohort.
        optimizer: Of the cohort.
        clipping: Of the cohort.
        failures: Looks at trials in the step in which they are lost.
        recording: Keeps what the steps showed.
        examples: Of the task.
        surface: Measures what a schedule of one's own asks for between recorded steps.
    """

    def __init__(
        self,
        execution: Execution,
        optimizer: Optimizer,
        clipping: Clipping,
        failures: FailureWatch,
        recording: Recording,
        examples: Examples,
        surface: LossSurface,
    ) -> None:
        self._execution = execution
        self._optimizer = optimizer
        self._clipping = clipping
        self._failures = failures
        self._recording = recording
        self._examples = examples
        self._surface = surface

    def take(self, first: int, order: BatchOrder, rates_SxK: Tensor) -> int:
        """Takes steps from `first` on, as many as may be taken at once; none where none may.

        Args:
            first: Number of the first step; a recorded one is left alone.
            order: Of the data.
            rates_SxK: Learning rates of all steps.

        Returns:
            The step to go on with.
        """
        execution, optimizer = self._execution, self._optimizer
        looks = self._recording.looks
        if looks.is_between(first):
            self._measure(first, order)
        recorded = looks.next(first)
        if first == recorded or not isinstance(execution, SeveralSteps):
            return first
        if optimizer.rule is None or not execution.knows(optimizer.rule):
            return first
        batch_KxB = order.batch(first)
        last = min(recorded, first + max(1, min(AT_ONCE, NUMBERS // batch_KxB.numel())))
        batches = [batch_KxB, *(order.batch(step) for step in range(first + 1, last))]
        batches_SxKxB = torch.stack(batches)
        memory, factors = optimizer.ahead(execution.blocks.values, rates_SxK[first:last])
        factors = {**factors, **self._clipping.limits()}
        updates = Updates(rule=optimizer.rule, memory=memory, factors=factors)
        steps = execution.several(batches_SxKxB, updates)
        self._look(first, batches_SxKxB, steps.scalars)
        self._recording.history.extend(steps.scalars, steps.norms, steps.by_example)
        return last

    def _measure(self, step: int, order: BatchOrder) -> None:
        """Measures sharpness before a step that is not recorded."""
        trials = len(self._recording.alive)
        # Of any examples, as many as in a batch: drawing the step's own would move the order on.
        rows_KxB = torch.arange(order.batch_size, device=self._examples.inputs.device)
        batch = self._examples.batch(step, rows_KxB.expand(trials, -1))
        parameters, copies = self._execution.blocks.by_name(), self._execution.copies
        self._recording.look(step, self._surface.measure(batch, parameters, copies), {})

    def _look(self, first: int, batches_SxKxB: Tensor, scalars_CxSxK: Tensor) -> None:
        """Looks at trials that were lost: they are as they were before that step's update."""
        loss_SxK, _, grad_norm_SxK, _ = scalars_CxSxK
        lost_SxK = ~(loss_SxK.isfinite() & grad_norm_SxK.isfinite())
        if not lost_SxK.any():
            return
        # A trial that is lost stays lost: what counts is the step in which it was.
        steps = lost_SxK.int().argmax(dim=0)[lost_SxK.any(dim=0)].unique()
        for position in steps.tolist():
            rows_KxB = batches_SxKxB[position]
            failures = self._failures.look(
                self._examples.batch(first + position, rows_KxB),
                rows_KxB,
                loss_SxK[position],
                grad_norm_SxK[position],
                self._execution,
                may_wait=True,
            )
            self._recording.note_failures(first + position, failures)
