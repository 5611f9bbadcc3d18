"""Parts of a network that a loop does not train, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.optim import Optimizer

from study.engine.layers import Layer


def still_layers(
    layers: Sequence[Layer],
    named: Mapping[str, Tensor],
    optimizers: Sequence[Optimizer],
    *,
    prefix: str = "",
) -> dict[str, str]:
    """Returns why layers do not train, by their names; those that do are left out.

    Args:
        layers: In the order of the forward pass.
        named: Parameters by name, with the gradients of a step.
        optimizers: All that train the network.
        prefix: Of the layers' names among the parameters.
    """
    rates = {
        id(parameter): group.get("lr")
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    reasons = {}
    for layer in layers:
        weight = named[prefix + layer.weight]
        if not weight.requires_grad:
            reasons[layer.name] = "requires_grad is False"
        elif id(weight) not in rates:
            reasons[layer.name] = "no optimizer has it"
        elif rates[id(weight)] == 0:
            reasons[layer.name] = "its learning rate is 0"
        elif weight.grad is None:
            reasons[layer.name] = "no gradient reaches it: it is detached from the loss"
    return reasons


def in_words(reasons: Mapping[str, str]) -> str:
    """Writes "fc1, fc2 (requires_grad is False); head (no optimizer has it)"."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{_listed(names)} ({reason})" for reason, names in by_reason.items())


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"
