"""Which modules and optimizers belong together, as an owner hands them over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

Models = nn.Module | Sequence[nn.Module] | Mapping[str, nn.Module]
Optimizers = Optimizer | Sequence[Optimizer] | Mapping[str, Optimizer]


def name_of(model: Models) -> str:
    """Returns what is trained, for people."""
    if isinstance(model, nn.Module):
        return type(model).__name__
    models = model.values() if isinstance(model, Mapping) else model
    return ", ".join(type(each).__name__ for each in models)


def groups_of(
    model: Models, optimizer: Optimizers
) -> dict[str, tuple[dict[str, nn.Module], list[Optimizer]]]:
    """Modules by prefix and optimizers, by the name of the loss that they share."""
    if isinstance(optimizer, Mapping):
        optimizer = {name: _bare(each) for name, each in optimizer.items()}
        if isinstance(model, nn.Module):
            return {name: ({"": model}, [each]) for name, each in optimizer.items()}
        if not isinstance(model, Mapping) or set(model) != set(optimizer):
            got = list(model) if isinstance(model, Mapping) else type(model).__name__
            raise ValueError(
                f"models must have the names of optimizers, {list(optimizer)}, but got {got}"
            )
        return {name: ({"": model[name]}, [each]) for name, each in optimizer.items()}
    optimizer = _bare(optimizer)
    listed = [optimizer] if isinstance(optimizer, Optimizer) else optimizer
    optimizers = [_bare(each) for each in listed]
    if isinstance(model, nn.Module):
        return {"": ({"": model}, optimizers)}
    named = model if isinstance(model, Mapping) else dict(enumerate(model))
    return {"": ({f"{name}.": each for name, each in named.items()}, optimizers)}


def existing(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Lists modules, none of which may wait for a first call: nothing can be attached before.

    Raises:
        ValueError: If parameters do not exist yet.
    """
    listed = list(modules)
    for name, parameter in (each for module in listed for each in module.named_parameters()):
        if is_lazy(parameter):
            raise ValueError(
                f"parameters must exist, but {name} is made by the first call of a lazy "
                "module: call the model with a batch once before study.watch"
            )
    return listed


def _bare(optimizer: Any) -> Any:
    """Returns the optimizer inside those that stand for it, as Accelerate's and Lightning's do."""
    while isinstance(inner := getattr(optimizer, "optimizer", None), Optimizer):
        optimizer = inner
    return optimizer
