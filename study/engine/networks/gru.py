"""Gated recurrent units.

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

_aten = torch.ops.aten


def gru(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` layers of gated recurrent units as torch has them, then a linear readout.

    r and z from the sums of both maps, n = tanh(W_n x_t + b_n + r (U_n h_{t-1} + b'_n)),
    h_t = (1 - z) n + z h_{t-1}. `recurrent_l` has a bias because r multiplies it; the gradient by
    its output is delta for r and z, and r delta for n. With `normalization: layer` both maps are
    normalized, the pair (r, z) and n each by itself, and biases come after.

    Raises:
        ValueError: If the normalization is another one than none or layer.

    References:
        Cho et al. 2014; Ba et al., Layer normalization, 2016, eqs. 23-25.
    """
    normalized = is_normalized(hyperparameters)
    width = hyperparameters["width"]
    return RecurrentNetwork(
        hyperparameters,
        task,
        (lambda: NormalizedGruCell(width)) if normalized else GruCell,
        input_bias=not normalized,
        recurrent_bias=not normalized,
    )


class GruCell(Cell):
    """Defines the time step in terms of autograd.

    Its pre-activation has four blocks of H numbers, (a_r, a_z, u, v): r multiplies the recurrent
    term v = U_n h_{t-1} + b'_n of n and not u = W_n x_t + b_n, so these two cannot be added up
    beforehand as the terms of r and z are.
    """

    gates = 3

    def __init__(self) -> None:
        super().__init__()
        self.kernel = GruKernel()

    def join(self, projection: Tensor, recurrence: Tensor) -> Tensor:
        pair_x, new_x = _pair_and_new(projection)
        pair_h, new_h = _pair_and_new(recurrence)
        return torch.cat((pair_x + pair_h, new_x, new_h), dim=-1)

    def split(self, delta: Tensor) -> tuple[Tensor, Tensor]:
        reset, update, new_x, new_h = delta.chunk(4, dim=-1)
        return (
            torch.cat((reset, update, new_x), dim=-1),
            torch.cat((reset, update, new_h), dim=-1),
        )

    def step(self, preactivation: Tensor, state: State) -> State:
        reset, update, new_x, new_h = preactivation.chunk(4, dim=-1)
        new = (new_x + reset.sigmoid() * new_h).tanh()
        return (new + update.sigmoid() * (state[0] - new),)

    def joined_weight(self, inputs: nn.Linear, recurrent: nn.Linear) -> Tensor:
        # Rows (a_r and a_z together; u; v) by columns (x_t, 1, h_{t-1}), with zeros where u does
        # not depend on h_{t-1} nor v on x_t.
        features, units = inputs.in_features, recurrent.in_features
        pair_x, new_x = inputs.weight.split((2 * units, units))
        pair_h, new_h = recurrent.weight.split((2 * units, units))
        bias_x, bias_new_x = inputs.bias.unsqueeze(1).split((2 * units, units))
        bias_h, bias_new_h = recurrent.bias.unsqueeze(1).split((2 * units, units))
        no_x, no_h = new_x.new_zeros(units, features), new_h.new_zeros(units, units)
        rows = (
            torch.cat((pair_x, bias_x + bias_h, pair_h), dim=1),
            torch.cat((new_x, bias_new_x, no_h), dim=1),
            torch.cat((no_x, bias_new_h, new_h), dim=1),
        )
        return torch.cat(rows)


class NormalizedGruCell(GruCell):
    """Normalizes both maps: the pair (r, z) together, n by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.kernel = None
        self.normalization_input = nn.LayerNorm(2 * width)
        self.normalization_input_new = nn.LayerNorm(width)
        self.normalization_recurrent = nn.LayerNorm(2 * width)
        self.normalization_recurrent_new = nn.LayerNorm(width)

    def join(self, projection: Tensor, recurrence: Tensor) -> Tensor:
        pair_x, new_x = _pair_and_new(projection)
        pair_h, new_h = _pair_and_new(recurrence)
        pair = self.normalization_input(pair_x) + self.normalization_recurrent(pair_h)
        new = self.normalization_input_new(new_x), self.normalization_recurrent_new(new_h)
        return torch.cat((pair, *new), dim=-1)


class GruKernel:
    """Implements `Kernel`; keeps r, z, n and v, the recurrent term of n.

    Forward, for each trial and example (Cho et al. 2014, with r where cuDNN and torch have it):

        (a_r, a_z) = W x_t + b + U h_{t-1}    u = W_n x_t + b_n    v = U_n h_{t-1} + b'_n
        r = s(a_r)    z = s(a_z)    n = tanh(u + r * v)
        h_t = (1 - z) * n + z * h_{t-1} = n + z * (h_{t-1} - n)

    Backward, from dh_t:

        dz = dh_t * (h_{t-1} - n)    dn = dh_t * (1 - z)
        du = dn * (1 - n^2)
        dr = du * v    dv = du * r
        da_x = dx * x * (1 - x) for x = r, z
        dh_{t-1} = dh_t * z + what comes through the weights

    The four blocks (da_r, da_z, du, dv) make up delta, (K, B, 4 H). The first term of dh_{t-1} is
    left in `gradient` (`holds`), the scan adds the second.
    """

    kept: tuple[int, ...] = (4,)
    holds = True
    compiled: str | None = "gru"

    def parts(self, kept: Sequence[Tensor]) -> Sequence[Tensor]:
        return _parts(kept[0])

    def forward(
        self,
        joined: Tensor,
        weight_KxIxG: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> None:
        blocks, pair, reset, update, new, new_h = now
        torch.bmm(joined, weight_KxIxG, out=blocks)
        torch.sigmoid_(pair)
        # n replaces u
        torch.tanh_(new.addcmul_(reset, new_h))
        # h_t = n + z * (h_{t-1} - n)
        torch.sub(_hidden_before(joined, hidden), new, out=hidden)
        hidden.mul_(update).add_(new)

    def carried(self, hidden: Tensor) -> Sequence[Tensor]:
        trials, batch, units = hidden.shape
        return _parts(hidden.new_empty(trials, batch, 4 * units))

    def backward(
        self,
        gradient: Tensor,
        carried: Sequence[Tensor],
        joined: Tensor,
        hidden: Tensor,
        now: Sequence[Tensor],
        before: Sequence[Tensor] | None,
    ) -> Tensor:
        _, pair, reset, update, new, new_h = now
        delta, by_pair, by_reset, by_update, by_new, by_new_h = carried
        # dz = dh_t * (h_{t-1} - n)
        torch.sub(_hidden_before(joined, hidden), new, out=by_update)
        by_update *= gradient
        # dh_t * z passes to h_{t-1} beside the weights; dn = dh_t - dh_t * z. Until dr is due its
        # memory holds the product.
        torch.mul(gradient, update, out=by_reset)
        torch.sub(gradient, by_reset, out=by_new)
        gradient.copy_(by_reset)
        # du = dn * (1 - n^2), then dr = du * v and dv = du * r
        _aten.tanh_backward.grad_input(by_new, new, grad_input=by_new)
        torch.mul(by_new, new_h, out=by_reset)
        torch.mul(by_new, reset, out=by_new_h)
        # da_r = dr * r * (1 - r) and da_z = dz * z * (1 - z), which lie side by side
        _aten.sigmoid_backward.grad_input(by_pair, pair, grad_input=by_pair)
        return delta


def _parts(blocks: Tensor) -> Sequence[Tensor]:
    """Returns views of (..., 4 H): all; r and z, whose sigmoids are one operation; r, z, n, v."""
    return blocks, blocks.chunk(2, dim=-1)[0], *blocks.chunk(4, dim=-1)


def _pair_and_new(three_gates: Tensor) -> tuple[Tensor, Tensor]:
    """Splits (..., 3 H) into the blocks of r and z together and that of n."""
    units = three_gates.shape[-1] // 3
    pair, new = three_gates.split((2 * units, units), dim=-1)
    return pair, new


def _hidden_before(joined: Tensor, hidden: Tensor) -> Tensor:
    """Returns h_{t-1}, the last H numbers of the joined input (x_t, 1, h_{t-1})."""
    return joined[:, :, joined.shape[2] - hidden.shape[2] :]
