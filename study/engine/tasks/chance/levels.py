"""What a task's loss and metric are by chance, where whoever made it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from study.engine.tasks.chance.best_constant import BestConstant, best_constant
from study.engine.tasks.chance.predicted import PerExample, Predicted
from study.engine.tasks.error import DataError

SURE = 10.0
"""Output for the one class that a constant prediction is sure of, others being 0."""

GUESSES = 10 * (1.0, 3.0, 10.0)
"""How far around the best constant outputs are drawn to see whether a loss can be negative."""

NAME = "loss explained"
"""Of the metric of a task that has none of its own."""


@dataclass(frozen=True, kw_only=True)
class LossExplained:
    """The metric of a task without one: which share of the loss by chance is gone, by example.

    Its mean is 1 - loss / loss_chance: 0 by chance, 1 without any loss; for a squared error it is
    the share of the variance that is explained.

    Attributes:
        loss: Of the task.
        loss_chance: Its mean at the best constant prediction, > 0.
    """

    loss: PerExample
    loss_chance: float

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 - self.loss(outputs, targets) / self.loss_chance


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Works out levels from the data; the best constant is looked for once, and if needed.

    Attributes:
        loss: Of the task.
        predicted: What its outputs are compared with.
    """

    loss: PerExample
    predicted: Predicted

    @property
    def loss_chance(self) -> float:
        """The mean loss of the best constant prediction.

        Raises:
            DataError: As `best_constant`.
        """
        return self._best.loss

    def explained(self, loss_chance: float) -> LossExplained:
        """The metric of a task that has none.

        Raises:
            DataError: If nothing is to be explained, or the loss can be negative.
        """
        name = self.predicted.name
        if not loss_chance > 0:
            raise DataError(
                f"task {name} must have a metric of its own, for the loss of a constant "
                f"prediction is {loss_chance:.3g}, of which no share can be explained"
            )
        lowest = self._lowest_seen()
        if lowest < -1e-6 * loss_chance:
            raise DataError(
                f"task {name} must have a metric of its own, for its loss can be negative (an "
                f"example's was {lowest:.3g}), and has no share that is explained"
            )
        return LossExplained(loss=self.loss, loss_chance=loss_chance)

    def chance(self, metric: PerExample, ceiling: float) -> float:
        """The best mean metric of constant predictions: the loss's best, and each label.

        Args:
            metric: Of the task.
            ceiling: Its best value; lower ones than those found mean that less is better.

        Raises:
            DataError: If constant predictions lie on both sides of the ceiling, or the metric
                is not finite.
        """
        tried = [(self._mean(metric, each), each) for each in self._constants()]
        values = [value for value, _ in tried]
        if not (min(values) >= ceiling or max(values) <= ceiling):
            raise DataError(
                f"the ceiling of task {self.predicted.name} must be its metric's best value, but "
                f"it is {ceiling:.3g} and constant predictions have a metric from "
                f"{min(values):.3g} to {max(values):.3g}"
            )
        best = max if max(values) <= ceiling else min
        _, constant_O = best(tried, key=lambda each: each[0])
        with torch.no_grad():
            return float(self.predicted.mean(metric, constant_O))

    def _mean(self, metric: PerExample, constant_O: Tensor) -> float:
        """Over some of the examples."""
        try:
            with torch.no_grad():
                return float(self.predicted.some().mean(metric, constant_O))
        except DataError:
            raise
        except Exception as error:
            text = str(error).splitlines()
            raise DataError(
                f"the metric of task {self.predicted.name} cannot be computed from constant "
                f"outputs: {type(error).__name__}: {text[0] if text else ''}"
            ) from error

    @cached_property
    def _best(self) -> BestConstant:
        return best_constant(self.loss, self.predicted)

    def _constants(self) -> Iterator[Tensor]:
        best_O, size = self._best.outputs_O, self.predicted.outputs
        yield best_O
        if not self.predicted.targets.is_floating_point():
            sure = SURE * torch.eye(size, dtype=best_O.dtype)
            yield from sure
            if size == 1:
                yield -sure[0]

    def _lowest_seen(self) -> float:
        """The lowest loss of an example, at outputs around the best constant."""
        best = self._best
        generator = torch.Generator().manual_seed(0)
        lowest = float("inf")
        for far in GUESSES:
            noise_O = torch.randn(best.free_O.shape, generator=generator, dtype=torch.float64)
            guess_O = best.domain(best.free_O + far * noise_O.to(best.free_O.dtype))
            with torch.no_grad():
                losses = self.predicted.first(self.loss, guess_O)
            lowest = min(lowest, float(losses.nan_to_num(nan=float("inf")).min()))
        return lowest
