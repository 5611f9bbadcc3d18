"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors, zeros

MOMENTUM_KINDS = ("heavy_ball", "nesterov")


class Sgd:
    """m <- momentum m + g;  p <- p - lr m, or with Nesterov p <- p - lr (g + momentum m).

    torch.optim.SGD, per trial; `momentum_kind` says which.

    Attributes:
        nesterov: Whether it is Nesterov's.

    References:
        Sutskever et al., On the importance of initialization and momentum, ICML 2013.
    """

    couples_decay = True

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        kind = columns.shared("momentum_kind", MOMENTUM_KINDS[0])
        if kind not in MOMENTUM_KINDS:
            raise ValueError(f"unknown momentum_kind {kind!r}; known: {', '.join(MOMENTUM_KINDS)}")
        self.nesterov = kind == "nesterov"
        self.memory = () if columns.used("momentum", 0.0) is None else ("momentum",)

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        momentum_K = self._columns.tensor("momentum", 0.0)
        return {"rate": learning_rate_K, "momentum": momentum_K}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        for buffer in memory:
            torch.addcmul(gradient, buffer, factors["momentum"], out=buffer)
            if self.nesterov:
                gradient.addcmul_(buffer, factors["momentum"])
            else:
                gradient = buffer
        parameter.addcmul_(gradient, factors["rate"], value=-1)
