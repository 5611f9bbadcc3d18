"""Muon: orthogonalized momentum for the matrices between hidden layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns
from study.engine.optimizers.adamw import AdamW
from study.engine.optimizers.optimizer import Factors, zeros

WEIGHT_DECAY = 0.1
"""If a trial names none; Liu et al. 2025, and torch.optim.Muon."""

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial that brings singular values from (0, 1] to about 1; Jordan 2024."""

_ITERATIONS = 5
_LEAST_NORM = 1e-7


class Muon:
    """m <- mean of g;  p <- (1 - lr weight_decay) p - 0.2 sqrt(max(rows, columns)) lr O(n).

    n is the mean once more towards m (Nesterov), and O brings its singular values to about 1 by
    five steps of Newton and Schulz. The factor gives the update the usual size of AdamW's, so
    that one learning rate and one decay serve both. torch.optim.Muon with
    `adjust_lr_fn="match_rms_adamw"`, per trial, in the parameters' own type where that one uses
    bfloat16. Kernels count as matrices of one row an output channel; matrices that a layer stacks
    (gates; query, key and value) are orthogonalized as the one matrix that they are kept in.

    References:
        Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024.
        Liu et al., Muon is scalable for LLM training, 2025, equation 4.
    """

    couples_decay = False
    memory = ("mean",)

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        return zeros(self.memory, gradient)

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        momentum_K = self._columns.tensor("momentum", 0.95)
        decay_K = self._columns.tensor("weight_decay", WEIGHT_DECAY)
        return {
            "rate": learning_rate_K,
            "momentum": momentum_K,
            "arriving": 1 - momentum_K,
            "kept": 1 - learning_rate_K * decay_K,
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        (mean,) = memory
        mean.lerp_(gradient, factors["arriving"])
        ahead = torch.lerp(gradient, mean, factors["momentum"])
        direction = orthogonalized(ahead.flatten(start_dim=3)).view_as(parameter)
        rows, columns = parameter.shape[2], parameter[0, 0, 0].numel()
        parameter.mul_(factors["kept"])
        length = 0.2 * max(rows, columns) ** 0.5
        parameter.addcmul_(direction, factors["rate"], value=-length)


class AdamWBesideMuon(AdamW):
    """AdamW with Muon's weight decay, for the parameters that are no hidden matrices."""

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns, weight_decay=WEIGHT_DECAY)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Matrices (..., rows, columns) with their singular values brought to between 0.5 and 1.5."""
    wide = matrices.shape[-2] <= matrices.shape[-1]
    found = matrices if wide else matrices.mT
    norm = torch.linalg.matrix_norm(found, keepdim=True).clamp(min=_LEAST_NORM)
    found = found / norm
    first, third, fifth = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = found @ found.mT
        found = first * found + (third * gram + fifth * gram @ gram) @ found
    return found if wide else found.mT
