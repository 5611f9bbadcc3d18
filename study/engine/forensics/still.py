"""Parts of a network that are run in every pass and that no gradient reaches.

Axes: B tried examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call

from study.engine.seeds import seed_torch

if TYPE_CHECKING:
    from study.engine.forensics.wiring_faults import Network

CUT = "detached: no gradient passes"
LOST = "kept in a plain list or dict, not in nn.ModuleList or nn.ModuleDict"


def still_parts(network: Network) -> tuple[dict[str, str], float]:
    """Returns why each part that does not train does not, by its name, and their share of weights.

    A module kept in a Python list is run, but its parameters are none of the network's; one
    behind a `detach()` is run and gets no gradient. What is not run at all is left out.
    """
    own = {name: each for name, each in network.module.named_modules() if name}
    hidden = dict(_unregistered(network.module))
    called: set[str] = set()
    handles = [
        module.register_forward_hook(lambda *_, name=name: called.add(name))
        for name, module in (own | hidden).items()
    ]
    values = {name: value.requires_grad_() for name, value in network.parameters.items()}
    try:
        seed_torch(0)
        outputs_B = functional_call(network.module, values, (network.inputs_B,))
        loss = network.task.loss(outputs_B, network.targets_B).mean()
        gradients = torch.autograd.grad(loss, list(values.values()), allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
        for value in values.values():
            value.requires_grad_(False)
    cut = _cut(own, values, gradients, called)
    lost = {name: _size(module) for name, module in hidden.items() if name in called}
    whole = sum(value.numel() for value in values.values()) + sum(lost.values())
    share = (sum(cut.values()) + sum(lost.values())) / max(1, whole)
    return dict.fromkeys(cut, CUT) | dict.fromkeys(lost, LOST), share


def _cut(
    modules: Mapping[str, nn.Module],
    values: Mapping[str, Tensor],
    gradients: tuple[Tensor | None, ...],
    called: set[str],
) -> dict[str, int]:
    """Numbers of the weights of called modules none of whose own parameters gets a gradient."""
    without = {name for name, gradient in zip(values, gradients, strict=True) if gradient is None}
    cut = {}
    for name, module in modules.items():
        mine = [f"{name}.{each}" for each, _ in module.named_parameters(recurse=False)]
        if mine and name in called and all(each in without for each in mine):
            cut[name] = sum(values[each].numel() for each in mine)
    return cut


def _unregistered(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules with parameters that lie in lists, tuples or dicts of a module, by their place."""
    known = {id(each) for each in module.modules()}
    for prefix, owner in module.named_modules():
        for attribute, value in vars(owner).items():
            if attribute.startswith("_"):
                continue
            items = (
                value.items()
                if isinstance(value, dict)
                else enumerate(value)
                if isinstance(value, (list, tuple))
                else ()
            )
            for key, each in items:
                if isinstance(each, nn.Module) and id(each) not in known and _size(each):
                    yield f"{prefix}.{attribute}[{key}]".lstrip("."), each


def _size(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())
