"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors, zeros


class Adagrad:
    """v <- v + g^2;  p <- p - lr g / (sqrt(v) + epsilon): torch.optim.Adagrad, per trial.

    References:
        Duchi et al., Adaptive subgradient methods, JMLR 2011.
    """

    couples_decay = True
    memory = ("square_sum",)

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        return {"rate": learning_rate_K, "epsilon": self._columns.tensor("epsilon", 1e-10)}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        (square_sum,) = memory
        square_sum.addcmul_(gradient, gradient)
        root = square_sum.sqrt().add_(factors["epsilon"])
        torch.div(gradient, root, out=gradient)
        parameter.addcmul_(gradient, factors["rate"], value=-1)
