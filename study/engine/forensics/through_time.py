"""How a gradient gets through the time steps of torch's own recurrent modules.

These run through all time steps in one call, so that no layer shows what reaches the first.

Axes: B tried examples, T time steps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from study.engine.seeds import seed_torch

if TYPE_CHECKING:
    from study.engine.forensics.wiring_faults import Network


def gradient_through_time(network: Network) -> float:
    """Returns the gradient by a recurrent module's inputs at the first time step over the last.

    By rms, of the first of `nn.RNN`, `nn.LSTM` and `nn.GRU` that is called; NaN without one, of
    one that runs both ways, and where the last time step gets no gradient.
    """
    inputs: list[tuple[nn.RNNBase, Tensor]] = []

    def note(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
        assert isinstance(module, nn.RNNBase)
        first = given[0]
        if inputs or module.bidirectional or not isinstance(first, Tensor) or first.ndim != 3:
            return None
        watched = first if first.requires_grad else first.detach().requires_grad_()
        inputs.append((module, watched))
        return (watched, *given[1:])

    modules = [each for each in network.module.modules() if isinstance(each, nn.RNNBase)]
    if not modules:
        return math.nan
    handles = [each.register_forward_pre_hook(note) for each in modules]
    try:
        seed_torch(0)
        outputs_B = functional_call(network.module, dict(network.parameters), (network.inputs_B,))
    finally:
        for handle in handles:
            handle.remove()
    if not inputs:
        return math.nan
    loss = network.task.loss(outputs_B, network.targets_B).mean()
    ((module, watched),) = inputs
    (gradient,) = torch.autograd.grad(loss, [watched], allow_unused=True)
    if gradient is None:
        return math.nan
    by_time = gradient.transpose(0, 1) if module.batch_first else gradient
    rms_T = by_time.double().square().flatten(1).mean(dim=1).sqrt()
    return float(rms_T[0] / rms_T[-1]) if float(rms_T[-1]) > 0 else math.nan
