"""Schedule-free SGD and AdamW: averaging in the place of a decay of the learning rate.

Three sequences: steps go to z, their running average is x, and gradients are taken at
y = (1 - beta) z + beta x. The parameters that a trial trains and measures are y. With the usual
beta of 0.9 it is nearly the average x, from which a person would predict.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.optimizer import Factors

_AVERAGE = ("base", "weight_sum", "largest_rate")
"""z, and what the average has: the sum of its weights, and the largest learning rate so far."""


class ScheduleFreeSgd:
    """z <- z - lr g(y);  x <- (1 - c) x + c z, where c is this step's share of all lr^2.

    The largest learning rate so far counts for lr in c. `momentum` is beta.

    References:
        Defazio et al., The road less scheduled, NeurIPS 2024, equations 3 to 5, and its
        implementation for the weights.
    """

    couples_decay = True
    memory = _AVERAGE

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return _begin(parameter, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        return {"rate": learning_rate_K, "beta": self._columns.tensor("momentum", 0.9)}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        _step(parameter, gradient, memory, factors)


class ScheduleFreeAdamW:
    """The same with Adam's division, g / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay y.

    References:
        Defazio et al., The road less scheduled, NeurIPS 2024, algorithm 1.
    """

    couples_decay = False
    memory = ("square", *_AVERAGE)

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return torch.zeros_like(gradient), *_begin(parameter, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        columns = self._columns
        beta2_K = columns.values("beta2", 0.999)
        arriving_K, corrected_K = columns.send([1 - beta2_K, 1 - beta2_K**step])
        factors = {
            "rate": learning_rate_K,
            "beta": columns.tensor("beta1", 0.9),
            "arriving": arriving_K,
            "corrected": corrected_K,
            "epsilon": columns.tensor("epsilon", 1e-8),
        }
        decay_K = columns.used("weight_decay", 0.0)
        return factors if decay_K is None else {**factors, "decay": decay_K}

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        square, *average = memory
        square.lerp_(gradient.square(), factors["arriving"])
        root = (square / factors["corrected"]).sqrt_().add_(factors["epsilon"])
        direction = torch.div(gradient, root, out=gradient)
        if "decay" in factors:
            direction.addcmul_(parameter, factors["decay"])
        _step(parameter, direction, average, factors)


def _begin(parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
    number = gradient.new_zeros(*gradient.shape[:2], *(1,) * (gradient.ndim - 2))
    return torch.empty_like(gradient).copy_(parameter), number, number.clone()


def _step(
    parameter: Tensor, direction: Tensor, average: Sequence[Tensor], factors: Factors
) -> None:
    """Moves y, z and the average's weights; x is in y, and is not kept."""
    base, weight_sum, largest_rate = average
    rate, beta = factors["rate"], factors["beta"]
    torch.maximum(largest_rate, rate, out=largest_rate)
    weight = largest_rate.square()
    weight_sum.add_(weight)
    # Nothing has a weight yet where every learning rate so far was zero.
    share = weight / weight_sum.clamp(min=torch.finfo(weight.dtype).tiny)
    parameter.lerp_(base, share)
    parameter.addcmul_(direction, rate * (beta * (1 - share) - 1))
    base.addcmul_(direction, rate, value=-1)
