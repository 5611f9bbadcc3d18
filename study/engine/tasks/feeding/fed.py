"""A network joined with its data and its loss, from numbers of examples to losses and metrics.

Axes: B examples of a batch.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.tasks.feeding.feed import Feed
from study.engine.tasks.feeding.pytree import children, mapped


def fed(module: nn.Module, feed: Feed) -> nn.Module:
    """Makes the network take numbers of examples, (B,), and return (B, 2): losses and metrics.

    The module stays itself, with the names of its parts; only its class becomes one derived from
    its own, as `torch.distributed.fsdp.fully_shard` does it. A module that is itself a layer
    becomes the only part of another, because its output is to be seen.
    """
    if any(value.ndim > 1 for value in module.parameters(recurse=False)):
        module = _Around(module)
    own = type(module)
    takes = _taken(own)

    def forward(self: Any, rows_B: Tensor) -> Tensor:
        dtype = next(self.parameters()).dtype
        inputs, targets = feed.batch(rows_B, dtype)
        outputs = _call(lambda *given, **named: own.forward(self, *given, **named), inputs, takes)
        # Losses are computed in the parameters' type, whatever autocast made of the outputs.
        with torch.autocast(rows_B.device.type, enabled=False):
            outputs = mapped(lambda value: _in_type(value, dtype), outputs)
            return feed.figures(outputs, targets, _as_made(self, own), rows_B)

    module.__class__ = type(f"Fed{own.__name__}", (own,), {"forward": forward})
    return module


def _as_made(module: nn.Module, own: type[nn.Module]) -> nn.Module:
    """Returns the module as its maker knows it: a loss may call it with inputs of its own.

    It has the same parameters and parts, and none of the hooks: who watches the network looks at
    its one pass over the batch.
    """
    made = own.__new__(own)
    unwatched: dict[str, Any] = {name: OrderedDict() for name in _HOOKS if name in module.__dict__}
    object.__setattr__(made, "__dict__", {**module.__dict__, **unwatched})
    return made


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class _Around(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.layer(*inputs, **named)


def _call(forward: Any, inputs: Any, takes: frozenset[str] | None) -> Any:
    """Calls with a mapping's entries by name, with a sequence's one by one, else with one."""
    if isinstance(inputs, Tensor):
        return forward(inputs)
    if isinstance(inputs, (tuple, list)) and not hasattr(inputs, "_fields"):
        return forward(*inputs)
    named = dict(inputs) if isinstance(inputs, Mapping) else children(inputs) or {}
    if takes is not None:
        named = {name: value for name, value in named.items() if name in takes}
    return forward(**named)


def _taken(own: type[nn.Module]) -> frozenset[str] | None:
    """Returns the names that a module's forward takes; None if it takes any."""
    parameters = list(inspect.signature(own.forward).parameters.values())[1:]
    if any(each.kind == each.VAR_KEYWORD for each in parameters):
        return None
    return frozenset(each.name for each in parameters)


def _in_type(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype) if value.is_floating_point() else value
