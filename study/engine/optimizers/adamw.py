"""Adam, with weight decay apart from the gradient."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.adam import Adam
from study.engine.optimizers.optimizer import Factors, zeros


class AdamW:
    """p <- (1 - lr weight_decay) p, then Adam's step without decay: torch.optim.AdamW, per trial.

    References:
        Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019, algorithm 2.
    """

    couples_decay = False
    memory = Adam.memory

    def __init__(self, columns: Columns, *, weight_decay: float = 0.01) -> None:
        self._columns = columns
        self._adam = Adam(columns)
        self._weight_decay = weight_decay

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        factors = self._adam.factors(step, learning_rate_K)
        decay_K = self._columns.used("weight_decay", self._weight_decay)
        if decay_K is None:
            return factors
        return {**factors, "kept": 1 - learning_rate_K * decay_K}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        if "kept" in factors:
            parameter.mul_(factors["kept"])
        self._adam.update(parameter, gradient, memory, factors)
