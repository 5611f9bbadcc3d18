"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.recurrence import Cell, RecurrentNetwork, State, is_normalized
from study.engine.tasks.task import Task

FORGET_GATE = 1
"""Its place among the gates of the weights, stacked as in torch: input, forget, cell, output."""

MEMORY = 6
"""Place of c_t among the parts of what is kept."""

_aten = torch.ops.aten


def lstm(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """`depth` layers of LSTM units with one bias a gate, then a linear readout.

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
    normalized = is_normalized(hyperparameters)
    width = hyperparameters["width"]
    forget_bias = float(hyperparameters.get("forget_bias", 1.0))
    return RecurrentNetwork(
        hyperparameters,
        task,
        (lambda: NormalizedLstmCell(width, forget_bias)) if normalized else LstmCell,
        input_bias=not normalized,
        forget_gate=FORGET_GATE,
    )


class LstmCell(Cell):
    """The state is (h, c)."""

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
        """What the output gate sees of the memory."""
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
    """Implements `Kernel`; keeps the four gates, c_t and tanh(c_t)."""

    kept: tuple[int, ...] = (4, 1, 1)
    holds = False

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
        torch.bmm(joined, weight_KxIxG, out=blocks)
        torch.sigmoid_(pair)
        torch.tanh_(candidate)
        torch.sigmoid_(out_gate)
        torch.mul(in_gate, candidate, out=memory)
        if before is not None:
            memory.addcmul_(forget_gate, before[MEMORY])
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
        torch.mul(gradient, memory_tanh, out=by_out)
        _aten.sigmoid_backward.grad_input(by_out, out_gate, grad_input=by_out)
        torch.mul(gradient, out_gate, out=spare)
        by_memory += _aten.tanh_backward.grad_input(spare, memory_tanh, grad_input=spare)
        torch.mul(by_memory, candidate, out=by_in)
        if before is None:
            by_forget.zero_()
        else:
            torch.mul(by_memory, before[MEMORY], out=by_forget)
        _aten.sigmoid_backward.grad_input(by_pair, pair, grad_input=by_pair)
        torch.mul(by_memory, in_gate, out=by_candidate)
        _aten.tanh_backward.grad_input(by_candidate, candidate, grad_input=by_candidate)
        by_memory *= forget_gate
        return delta


def _parts(blocks: Tensor) -> Sequence[Tensor]:
    """All four blocks; the first two gates together, which take one operation; each block."""
    return blocks, blocks.chunk(2, dim=-1)[0], *blocks.chunk(4, dim=-1)
