"""Adam, with weight decay as a part of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors, zeros


class Adam:
    """m, v <- running means of g, g^2;  p <- p - lr (m / c1) / (sqrt(v / c2) + epsilon).

    torch.optim.Adam, per trial; c1 = 1 - beta1^t and c2 = 1 - beta2^t correct the means of t
    steps for their start at zero. Here both are moved out of the parameters' arithmetic:
    p <- p - (lr sqrt(c2) / c1) m / (sqrt(v) + sqrt(c2) epsilon).

    References:
        Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1 and
        the end of section 2.
    """

    couples_decay = True
    memory = ("mean", "square")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        beta1_K = self._columns.values("beta1", 0.9)
        beta2_K = self._columns.values("beta2", 0.999)
        root_K = np.sqrt(1 - beta2_K**step)
        mean_K, square_K, correction_K, epsilon_K = self._columns.send(
            [
                1 - beta1_K,
                1 - beta2_K,
                root_K / (1 - beta1_K**step),
                root_K * self._columns.values("epsilon", 1e-8),
            ]
        )
        return {
            "mean": mean_K,
            "square": square_K,
            "rate": learning_rate_K * correction_K,
            "epsilon": epsilon_K,
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        mean, square = memory
        # m <- m + (1 - beta1) (g - m), and so for v; the gradient's memory then holds the rest.
        mean.lerp_(gradient, factors["mean"])
        square.lerp_(gradient.mul_(gradient), factors["square"])
        root = torch.sqrt(square, out=gradient).add_(factors["epsilon"])
        direction = torch.div(mean, root, out=gradient)
        parameter.addcmul_(direction, factors["rate"], value=-1)
