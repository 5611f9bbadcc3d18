"""Which examples tell how good a network is, where a batch is too small to.

Losses of a few examples differ by chance. A fixed sample of the data, the same for every trial of
a task, is therefore put through the network before the first update and after the last.

Axes: K trials still in the cohort, N examples of the sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.execution.execution import Execution
from study.engine.loss_surface import LossSurface
from study.engine.tasks.task import PerExample, Task
from study.losses import FIRST_EXAMPLES, LAST_EXAMPLES, last_steps, window

SEED = 0
"""Of the sample. Evenly spaced examples would not do: data may repeat a pattern of labels."""


AT_ONCE = 2**18
"""Numbers in the inputs of all trials that may be looked at together in any case, 1 MB."""


class DataSample:
    """Looks at a cohort's losses on the sample, and leaves everything as it was.

    Args:
        surface: Puts examples through the networks.
        task: Gives loss and metric.
        steps: Number of the training's steps.
        batch_size: Examples of one step; it decides whether there is anything to look at.
        inputs: All of the task's inputs as the network gets them, (examples, ...), on the device.
        targets: All of its targets.
    """

    def __init__(
        self,
        surface: LossSurface,
        task: Task,
        steps: int,
        *,
        batch_size: int,
        inputs: Tensor,
        targets: Tensor,
    ) -> None:
        self._surface = surface
        self._task = task
        self._steps = steps
        self._batch_size = batch_size
        self._inputs = inputs
        self._targets = targets
        self._validation = None if task.validation is None else held_out(task.validation, inputs)

    def before(self, execution: Execution) -> dict[str, Tensor]:
        """Measures mean loss and its standard error before the first update, (K,) each.

        Returns:
            Values by name, in float64; none where the first batch is large enough.
        """
        count = examples_at_start(self._steps, self._task.examples, self._batch_size)
        if count == 0:
            return {}
        loss_KxN = self._look(execution, 0, self._data(count), [self._task.loss])[:, 0]
        if self._task.whole_batches:
            loss_KxN = loss_KxN[:, :: self._batch_size]  # Each example has that of its batch.
        # The sample is drawn without replacement: of all examples the mean has no error.
        share = 1 - count / self._task.examples
        error_K = loss_KxN.std(dim=1) * math.sqrt(share / loss_KxN.shape[1])
        return {"loss_before": loss_KxN.mean(dim=1), "loss_before_error": error_K}

    def after(self, execution: Execution) -> dict[str, Tensor]:
        """Measures mean loss and metric after the last update, (K,) each.

        Returns:
            Values by name, in float64; of the data that was trained on none where the last batches
            hold enough examples and the network draws nothing, as dropout does in training.
        """
        count = examples_at_end(self._steps, self._task.examples, self._batch_size)
        if execution.draws:
            count = min(LAST_EXAMPLES, self._task.examples)
        found = self._means(execution, "after", self._data(count)) if count else {}
        if self._validation is not None:
            found |= self._means(execution, "validation", self._validation)
        return found

    def _means(
        self, execution: Execution, when: str, data: tuple[Tensor, Tensor]
    ) -> dict[str, Tensor]:
        functions = [self._task.loss, self._task.metric]
        means_Kx2 = self._look(execution, self._steps, data, functions).mean(dim=2)
        return {f"loss_{when}": means_Kx2[:, 0], f"metric_{when}": means_Kx2[:, 1]}

    def _data(self, count: int) -> tuple[Tensor, Tensor]:
        """Returns so many examples of those that are trained on, always the same."""
        chosen = sample(self._task.examples, count).to(self._inputs.device)
        return self._inputs[chosen], self._targets[chosen]

    def _look(
        self,
        execution: Execution,
        step: int,
        data: tuple[Tensor, Tensor],
        functions: Sequence[PerExample],
    ) -> Tensor:
        """Returns F functions of these examples, (K, F, N) in float64."""
        blocks = execution.blocks
        # As many as training has in memory; of small examples more are no burden.
        at_once = max(blocks.trials * self._batch_size, AT_ONCE // self._task.features)
        if self._task.whole_batches:
            # A loss of a batch is of a batch as in training.
            count = max(1, len(data[0]) // self._batch_size) * self._batch_size
            data, at_once = (data[0][:count], data[1][:count]), self._batch_size
        return self._surface.on_examples(
            step,
            functions,
            data,
            blocks.by_name(),
            execution.copies,
            at_once=at_once,
            quiet=execution.draws,
        )


def held_out(pair: tuple[Tensor, Tensor], like: Tensor) -> tuple[Tensor, Tensor]:
    """Returns data where and in the floating type in which that is which is trained on."""
    inputs, targets = (
        data.to(like.device, like.dtype if data.is_floating_point() else data.dtype)
        for data in pair
    )
    return inputs, targets


def examples_at_start(steps: int, examples: int, batch_size: int) -> int:
    """Returns how many examples the first loss needs beside the first batch's; 0 if none.

    >>> [examples_at_start(200, 5000, batch_size) for batch_size in (1, 64, 256)]
    [512, 256, 0]

    Args:
        steps: Those of the training.
        examples: Those of the task.
        batch_size: At most as many.
    """
    if batch_size >= min(FIRST_EXAMPLES, examples):
        return 0
    return max(min(FIRST_EXAMPLES, examples), examples_at_end(steps, examples, batch_size))


def examples_at_end(steps: int, examples: int, batch_size: int) -> int:
    """Returns how many examples tell the final metric better than the last steps; 0 if none do.

    >>> [examples_at_end(200, 5000, batch_size) for batch_size in (1, 25, 26)]
    [512, 512, 0]
    """
    if batch_size == examples or batch_size * last_steps(steps) >= LAST_EXAMPLES:
        return 0
    return min(LAST_EXAMPLES, examples)


def deviating_steps(steps: int, examples: int, batch_size: int) -> tuple[int, ...]:
    """Returns the steps at which the spread of losses and metrics over a batch is kept.

    Those of the last window, and the first where its batch is all that tells the first loss.

    >>> deviating_steps(8, 5000, 512)
    (0, 4, 5, 6, 7)
    """
    if batch_size == 1:
        return ()
    last = range(steps - window(steps, batch_size), steps)
    first = () if examples_at_start(steps, examples, batch_size) else (0,)
    return tuple(dict.fromkeys((*first, *last)))


def sample(examples: int, count: int) -> Tensor:
    """Draws the positions of so many examples, in ascending order, (count,).

    A larger sample of the same data contains a smaller one. No random state is touched.
    """
    generator = torch.Generator().manual_seed(SEED)
    return torch.randperm(examples, generator=generator)[:count].sort().values
