"""Long short-term memory.

Axes: K trials, B examples, H units of a layer. Names: a_x is the pre-activation of gate x, s the
sigmoid, * a product of elements, dx the loss gradient by x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.recurrence import Cell, RecurrentNetwork, State, is_normalized
from study.engine.tasks.task import Task

FORGET_GATE = 1
"""Its index among the gates of the weights, stacked as in torch: input, forget, cell, output."""

MEMORY = 6
"""Index of c_t among the parts that `LstmKernel.parts` returns."""

_aten = torch.ops.aten


def lstm(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` layers of LSTM units with one bias a gate, then a linear readout.

    c_t = f c_{t-1} + i g and h_t = o tanh(c_t), with gates from one pre-activation
    W x_t + b + U h_{t-1} of 4 `width` numbers; the gradient by an output of `recurrent_l` equals
    delta, the gradient by that pre-activation. With `normalization: layer` W x_t, U h_{t-1} and
    c_t are normalized, and b comes after.

    Raises:
        ValueError: If the normalization is another one than none or layer.

    References:
        Hochreiter and Schmidhuber 1997; Gers et al. 2000 (forget gate); Ba et al., Layer
        normalization, 2016, eqs. 20-22.
    """
    return lstm_layers(hyperparameters, task)


def lstm_layers(
    hyperparameters: Mapping[str, Any], task: Task, *, attention: nn.Module | None = None
) -> nn.Module:
    """Builds LSTM layers and a readout, with `attention` as `RecurrentNetwork` has it.

    Raises:
        ValueError: If the normalization is another one than none or layer.
    """
    normalized = is_normalized(hyperparameters)
    width = int(hyperparameters["width"])
    forget_bias = float(hyperparameters.get("forget_bias", 1.0))
    return RecurrentNetwork(
        hyperparameters,
        task,
        (lambda: NormalizedLstmCell(width, forget_bias)) if normalized else LstmCell,
        input_bias=not normalized,
        forget_gate=FORGET_GATE,
        attention=attention,
    )


class LstmCell(Cell):
    """Defines the time step in terms of autograd; its state is (h, c)."""

    gates = 4
    states = 2

    def __init__(self) -> None:
        super().__init__()
        self.kernel = LstmKernel()

    def step(self, preactivation: Tensor, state: State) -> State:
        in_gate, forget_gate, candidate, out_gate = preactivation.chunk(4, dim=-1)
        kept = forget_gate.sigmoid() * state[1]
        memory = kept + in_gate.sigmoid() * candidate.tanh()
        return out_gate.sigmoid() * self.read(memory).tanh(), memory

    def read(self, memory: Tensor) -> Tensor:
        """Returns the memory as it goes into h_t: itself here, normalized in the subclass."""
        return memory


class NormalizedLstmCell(LstmCell):
    """Normalizes both terms of the pre-activation, and the memory where it is read.

    The forget gate's initial bias is set here: a bias before the normalization would not act as
    one.
    """

    def __init__(self, width: int, forget_bias: float) -> None:
        super().__init__()
        self.kernel = None
        self.normalization_input = nn.LayerNorm(4 * width)
        self.normalization_recurrent = nn.LayerNorm(4 * width)
        self.normalization_memory = nn.LayerNorm(width)
        with torch.no_grad():
            self.normalization_input.bias.chunk(4)[FORGET_GATE].fill_(forget_bias)

    def join(self, projection: Tensor, recurrence: Tensor) -> Tensor:
        summed: Tensor = self.normalization_input(projection)
        summed = summed + self.normalization_recurrent(recurrence)
        return summed

    def read(self, memory: Tensor) -> Tensor:
        normalized: Tensor = self.normalization_memory(memory)
        return normalized


class LstmKernel:
    """Implements `Kernel`; keeps the four gates, c_t and tanh(c_t).

    Forward, for each trial and example (Gers et al. 2000):

        (a_i, a_f, a_g, a_o) = W x_t + b + U h_{t-1}
        i = s(a_i)    f = s(a_f)    g = tanh(a_g)    o = s(a_o)
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(c_t)

    Backward, from dh_t and from what the time step after has left of dc_t:

        do = dh_t * tanh(c_t)
        dc_t += dh_t * o * (1 - tanh(c_t)^2)
        di = dc_t * g    df = dc_t * c_{t-1}    dg = dc_t * i
        da_x = dx * x * (1 - x) for x = i, f, o    da_g = dg * (1 - g^2)
        dc_{t-1} = dc_t * f

    The four da make up delta, (K, B, 4 H); dh_{t-1} = U^T delta is the scan's.
    """

    kept: tuple[int, ...] = (4, 1, 1)
    holds = False
    compiled: str | None = "lstm"

    def parts(self, kept: Sequence[Tensor]) -> Sequence[Tensor]:
        return *_parts(kept[0]), *kept[1:]

    def forward(
        self,
        joined: Tensor,
        weight_KxIxG: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> None:
        blocks, pair, in_gate, forget_gate, candidate, out_gate, memory, memory_tanh = now
        # The gates replace their pre-activations: the backward pass needs the gates only.
        torch.bmm(joined, weight_KxIxG, out=blocks)
        torch.sigmoid_(pair)
        torch.tanh_(candidate)
        torch.sigmoid_(out_gate)
        # c_t = i * g + f * c_{t-1}; c_0 is zero.
        torch.mul(in_gate, candidate, out=memory)
        if before is not None:
            memory.addcmul_(forget_gate, before[MEMORY])
        # h_t = o * tanh(c_t)
        torch.tanh(memory, out=memory_tanh)
        torch.mul(out_gate, memory_tanh, out=hidden)

    def carried(self, hidden: Tensor) -> Sequence[Tensor]:
        trials, batch, units = hidden.shape
        delta = hidden.new_empty(trials, batch, 4 * units)
        return *_parts(delta), torch.zeros_like(hidden), torch.empty_like(hidden)

    def backward(
        self,
        gradient: Tensor,
        carried: Sequence[Tensor],
        joined: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> Tensor:
        _, pair, in_gate, forget_gate, candidate, out_gate, _, memory_tanh = now
        delta, by_pair, by_in, by_forget, by_candidate, by_out, by_memory, spare = carried
        # do = dh_t * tanh(c_t), then da_o = do * o * (1 - o)
        torch.mul(gradient, memory_tanh, out=by_out)
        _aten.sigmoid_backward.grad_input(by_out, out_gate, grad_input=by_out)
        # dc_t = f_{t+1} * dc_{t+1} + dh_t * o * (1 - tanh(c_t)^2); the first term is carried
        torch.mul(gradient, out_gate, out=spare)
        by_memory += _aten.tanh_backward.grad_input(spare, memory_tanh, grad_input=spare)
        # di = dc_t * g and df = dc_t * c_{t-1}, then da_i and da_f, which lie side by side
        torch.mul(by_memory, candidate, out=by_in)
        if before is None:
            by_forget.zero_()
        else:
            torch.mul(by_memory, before[MEMORY], out=by_forget)
        _aten.sigmoid_backward.grad_input(by_pair, pair, grad_input=by_pair)
        # dg = dc_t * i, then da_g = dg * (1 - g^2)
        torch.mul(by_memory, in_gate, out=by_candidate)
        _aten.tanh_backward.grad_input(by_candidate, candidate, grad_input=by_candidate)
        # dc_{t-1} = dc_t * f, carried to the time step before
        by_memory *= forget_gate
        return delta


def _parts(blocks: Tensor) -> Sequence[Tensor]:
    """Returns views of (..., 4 H): all; i and f, whose sigmoids are one operation; i, f, g, o."""
    return blocks, blocks.chunk(2, dim=-1)[0], *blocks.chunk(4, dim=-1)
