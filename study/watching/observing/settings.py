"""What an optimizer says of itself, in the names of a study's hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch.optim import Optimizer


def settings_of(optimizers: Sequence[Optimizer]) -> dict[str, object]:
    """Returns the hyperparameters of a loop's optimizers; of several, those of the first.

    Args:
        optimizers: At least one.
    """
    optimizer = optimizers[0]
    group: dict[str, Any] = optimizer.param_groups[0]
    found: dict[str, object] = {"optimizer": type(optimizer).__name__.lower()}
    rate = group.get("initial_lr", group.get("lr"))
    names = {"weight_decay": "weight_decay", "momentum": "momentum", "eps": "epsilon"}
    found |= {mine: float(group[name]) for name, mine in names.items() if _number(group.get(name))}
    if rate is not None:
        found["learning_rate"] = float(rate)
    betas = group.get("betas")
    if isinstance(betas, (tuple, list)) and len(betas) == 2:
        found |= {"beta1": float(betas[0]), "beta2": float(betas[1])}
    return found


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def has_closure(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Returns whether an optimizer makes the gradients within its step, from its arguments.

    Args:
        args: Of its step; the first of them is the optimizer itself.
        kwargs: The same by name.
    """
    # Asked in every step, nearly always of one that has no arguments.
    return (len(args) > 1 or bool(kwargs)) and bool(any(args[1:]) or kwargs.get("closure"))
