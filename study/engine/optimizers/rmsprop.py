"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors, zeros


class RmsProp:
    """v <- alpha v + (1 - alpha) g^2;  m <- momentum m + g / (sqrt(v) + epsilon);  p <- p - lr m.

    torch.optim.RMSprop, per trial.

    References:
        Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012.
    """

    couples_decay = True

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        unused = columns.used("momentum", 0.0) is None
        self.memory = ("square",) if unused else ("square", "momentum")

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        (arriving_K,) = self._columns.send([1 - self._columns.values("alpha", 0.99)])
        return {
            "rate": learning_rate_K,
            "arriving": arriving_K,
            "epsilon": self._columns.tensor("epsilon", 1e-8),
            "momentum": self._columns.tensor("momentum", 0.0),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        square, *momenta = memory
        scratch = gradient.square()
        square.lerp_(scratch, factors["arriving"])
        torch.sqrt(square, out=scratch)
        direction = torch.div(gradient, scratch.add_(factors["epsilon"]), out=scratch)
        for buffer in momenta:
            direction = torch.addcmul(direction, buffer, factors["momentum"], out=buffer)
        parameter.addcmul_(direction, factors["rate"], value=-1)
