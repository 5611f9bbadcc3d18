"""The simple recurrent network.

Axes: K trials, B examples, H units of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS, Activation
from study.engine.networks.recurrence import Cell, RecurrentNetwork, State, is_normalized
from study.engine.tasks.task import Task


def rnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` layers of h_t = activation(W x_t + b + U h_{t-1}), then a linear readout.

    The gradient by an output of `recurrent_l` equals delta, the gradient by the pre-activation.
    With `normalization: layer` the sum is normalized before the activation, and b comes after.

    Raises:
        ValueError: If the normalization is another one than none or layer.

    References:
        Elman, Finding structure in time, 1990; Ba et al., Layer normalization, 2016, eq. 4.
    """
    activation = ACTIVATIONS[hyperparameters["activation"]]
    normalized = is_normalized(hyperparameters)
    width = hyperparameters["width"]
    return RecurrentNetwork(
        hyperparameters,
        task,
        lambda: RnnCell(width, activation, normalized=normalized),
        input_bias=not normalized,
    )


class RnnCell(Cell):
    """Defines h_t = activation(pre-activation), the latter normalized if asked for."""

    gates = 1

    def __init__(self, width: int, activation: Activation, *, normalized: bool) -> None:
        super().__init__()
        self.normalization = nn.LayerNorm(width) if normalized else None
        self.activation = activation.module()
        if not normalized:
            self.kernel = RnnKernel(activation)

    def step(self, preactivation: Tensor, state: State) -> State:
        if self.normalization is not None:
            preactivation = self.normalization(preactivation)
        return (self.activation(preactivation),)

    def show(self, projection: Tensor, recurrence: Tensor) -> None:
        self.activation(projection + recurrence)


class RnnKernel:
    """Implements `Kernel` for h_t = activation(a), a = W x_t + b + U h_{t-1}.

    Backward: da = dh_t * activation'(a), which is delta, (K, B, H). Where the activation
    overwrites a, its derivative is a function of h_t (tanh: 1 - h_t^2), and a is not kept.
    """

    holds = False
    compiled: str | None = None

    def __init__(self, activation: Activation) -> None:
        self._activation = activation
        example = torch.zeros(1)
        self._overwrites = activation.function(example) is example
        self.kept: tuple[int, ...] = () if self._overwrites else (1,)

    def parts(self, kept: Sequence[Tensor]) -> Sequence[Tensor]:
        return kept

    def forward(
        self,
        joined: Tensor,
        weight_KxIxG: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> None:
        preactivation = hidden if self._overwrites else now[0]
        torch.bmm(joined, weight_KxIxG, out=preactivation)
        output = self._activation.function(preactivation)
        if not self._overwrites:
            hidden.copy_(output)

    def carried(self, hidden: Tensor) -> Sequence[Tensor]:
        return ()

    def backward(
        self,
        gradient: Tensor,
        carried: Sequence[Tensor],
        joined: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> Tensor:
        preactivation = hidden if self._overwrites else now[0]
        delta = self._activation.gradient(gradient, preactivation, hidden)
        # The identity's is the gradient itself, which the time step before will overwrite.
        return delta.clone() if delta is gradient else delta
