"""Losses and metrics in which rare labels count as much as frequent ones.

Axes: N examples, T time steps, C labels.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from study.engine.tasks.chance.predicted import PerExample
from study.engine.tasks.data.held import Held
from study.engine.tasks.measures import correct, cross_entropy

BY_ANSWER = (cross_entropy, correct)
"""What each of an example's answers (N, T) has a value of, so that each has its own weight."""


def label_weights(targets: Tensor) -> tuple[Tensor, int]:
    """Returns weights of the labels from the lowest on, (C,) in float64, and the lowest.

    That of a label that n of N targets have is N / (C n), C being the labels that there are.
    """
    labels, counts = targets.unique(return_counts=True)
    lowest = int(labels[0])
    weights_C = torch.zeros(int(labels[-1]) - lowest + 1, dtype=torch.float64)
    weights_C[labels.long() - lowest] = targets.numel() / (len(labels) * counts.double())
    return weights_C, lowest


class Weighted:
    """A loss or metric by example whose distance from a level is multiplied by its label's weight.

    It has name and module of what it weights, so that a checkpoint knows when that was changed.

    Args:
        measure: Of examples.
        weights_C: Weights of the labels from the lowest on.
        lowest: The lowest label.
        level: What is not weighted. As weights are 1 on average it does not change the mean over
            all examples, but that over a few, which may hold more of a rare label than its share:
            from its best value on, no metric exceeds that.
    """

    def __init__(
        self, measure: PerExample, weights_C: Tensor, lowest: int, *, level: float = 0.0
    ) -> None:
        functools.update_wrapper(self, measure)
        self._measure = measure
        self._weights_C = Held(weights_C)
        self._lowest = lowest
        self._level = level

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        weights = self._weights_C.like(outputs)[labels.long() - self._lowest]
        if labels.ndim > 1 and self._measure in BY_ANSWER:
            by_answer = self._measure(outputs.flatten(0, -2), labels.flatten()).view(labels.shape)
            return self._weighted(by_answer, weights).flatten(1).mean(dim=1)
        values = self._measure(outputs, labels)
        return self._weighted(values, weights.reshape(values.shape))

    def _weighted(self, values: Tensor, weights: Tensor) -> Tensor:
        if not self._level:
            return values * weights
        return self._level + (values - self._level) * weights
