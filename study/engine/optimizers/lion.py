"""Lion: steps by the sign of a mean of gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors, zeros


class Lion:
    """p <- (1 - lr weight_decay) p - lr sign(beta1 m + (1 - beta1) g);  m <- the mean with beta2.

    Every step moves every parameter by the learning rate, whatever the gradient's size.

    References:
        Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023, algorithm 2.
    """

    couples_decay = False
    memory = ("mean",)

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        columns = self._columns
        decay_K = columns.used("weight_decay", 0.0)
        factors = {
            "rate": learning_rate_K,
            "stepping": 1 - columns.tensor("beta1", 0.9),
            "arriving": 1 - columns.tensor("beta2", 0.99),
        }
        return factors if decay_K is None else {**factors, "kept": 1 - learning_rate_K * decay_K}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        (mean,) = memory
        if "kept" in factors:
            parameter.mul_(factors["kept"])
        direction = torch.lerp(mean, gradient, factors["stepping"]).sign_()
        mean.lerp_(gradient, factors["arriving"])
        parameter.addcmul_(direction, factors["rate"], value=-1)
