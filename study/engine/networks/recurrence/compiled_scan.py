"""A layer's whole sequence in compiled code, on CPUs: what tensors are to `study.engine.fused`.

Axes: K trials, B examples, T time steps, F numbers in an input, H units, G numbers in a
pre-activation, I = F + 1 + H numbers in a joined input (x_t, 1, h_{t-1}).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor

from study.engine.networks.recurrence.cell import Kernel


def is_compiled(kernel: Kernel, *tensors: Tensor) -> bool:
    """Returns whether a kernel runs compiled on these tensors."""
    return (
        kernel.compiled is not None
        and _is_installed()
        and all(
            each.device.type == "cpu"
            and each.dtype in (torch.float32, torch.float64)
            and not is_functorch_wrapped_tensor(each)
            for each in tensors
        )
    )


def compiled_forward(
    cell: str | None, joined: Tensor, weight: Tensor, kept: Sequence[Tensor]
) -> None:
    """Fills the hidden states and what is kept.

    Args:
        cell: A kernel's `compiled`.
        joined: (K, T + 1, B, I).
        weight: Joined, (K, G, I).
        kept: (K, T, B, width * H) each.
    """
    # Only here: to import numba takes a quarter of a second.
    from study.engine.fused.scans import scan

    weight_KxIxG = _array(weight.transpose(1, 2))
    _run(scan, cell, joined, weight_KxIxG, _kept(kept))


def compiled_backward(
    cell: str | None,
    joined: Tensor,
    weight: Tensor,
    kept: Sequence[Tensor],
    gradient: Tensor,
    filled: tuple[Tensor, Tensor | None, Tensor | None],
) -> None:
    """Fills the loss gradients.

    Args:
        cell: A kernel's `compiled`.
        joined: (K, T + 1, B, I).
        weight: Joined, (K, G, I).
        kept: (K, T, B, width * H) each.
        gradient: By the outputs: (K, B, T, H), or of the last time step only (K, B, H).
        filled: By joined weight (K, I, G), inputs (K, T, B, F) and pre-activations (K, B, T, G).
    """
    from study.engine.fused.scans import scan_back

    units = gradient.shape[-1]
    features = weight.shape[2] - 1 - units
    by_outputs = gradient.unsqueeze(1) if gradient.ndim == 3 else gradient.transpose(1, 2)
    weights = _array(weight[..., :features]), _array(weight[..., features + 1 :])
    arrays = tuple(
        _array(joined.new_empty(0, 0, 0, 0) if each is None else each) for each in filled
    )
    _run(scan_back, cell, joined, weights, _kept(kept), _array(by_outputs), arrays)


def _run(function: Any, cell: str | None, joined: Tensor, *arguments: Any) -> None:
    from study.engine.fused.compiled import compiled
    from study.engine.fused.scans import GRU, LSTM
    from study.engine.fused.threads import in_threads

    code = {"lstm": LSTM, "gru": GRU}[str(cell)]
    array = _array(joined)
    work = compiled(function, array.dtype.name)
    in_threads(lambda first, last: work(first, last, code, array, *arguments), len(array))


def _kept(kept: Sequence[Tensor]) -> tuple[Any, ...]:
    """Returns gates, memory and its tanh; the latter two are empty where a cell has none."""
    empty = kept[0].new_empty(0, 0, 0, 0)
    return tuple(_array(each) for each in [*kept, empty, empty][:3])


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


@cache
def _is_installed() -> bool:
    return find_spec("numba") is not None
