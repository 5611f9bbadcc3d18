"""The numbers of several processes that train one model, as those of one with the whole batch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from study.watching.record import Look, Row

_OF_WEIGHTS = ("weight_rms", "weight_count", "weight_grad_rms", "update_ratio")
"""The same in every process: gradients are averaged before the step."""


def in_parallel(module: nn.Module) -> bool:
    """Returns whether several processes train this module together."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return False
    wrapped = isinstance(module, DistributedDataParallel)
    return wrapped or any(sharded(parameter) for parameter in module.parameters())


def sharded(values: Tensor) -> bool:
    """Returns whether each process holds a part of a tensor only."""
    return hasattr(values, "full_tensor")


def local(values: Tensor) -> Tensor:
    """Returns what this process holds of a tensor, and the numbers of a sparse one."""
    if sharded(values):
        values = values.to_local()  # type: ignore[attr-defined]
    return values.coalesce().values() if values.is_sparse else values


def mean_loss(loss: float | Tensor) -> float | Tensor:
    """Returns the mean over all processes; each of them has to call it."""
    value = torch.as_tensor(loss, dtype=torch.float64).detach().clone()
    torch.distributed.all_reduce(value)
    value /= torch.distributed.get_world_size()
    return value if isinstance(loss, Tensor) else float(value)


def joined_look(look: Look) -> Look:
    """Joins what one step showed in every process; each of them has to call it.

    A loss is the mean over a process' part of the batch, so that its delta is as many times too
    large as there are processes. Of dead units the share is the smallest of all processes, which
    is at least what is dead on the whole batch.
    """
    world = torch.distributed.get_world_size()
    everywhere: list[Mapping[str, Row] | None] = [None] * world
    torch.distributed.all_gather_object(everywhere, dict(look.layers))
    rows = [each for each in everywhere if each is not None]
    layers = {
        name: _joined([each[name] for each in rows if name in each], world) for name in look.layers
    }
    return dataclasses.replace(look, layers=layers)


def _joined(rows: Sequence[Row], world: int) -> dict[str, float]:
    joined = dict(rows[0])
    for name in rows[0]:
        values = [row.get(name, math.nan) for row in rows]
        if name in _OF_WEIGHTS:
            continue
        if name.startswith(("delta_rms", "preactivation_rms")):
            joined[name] = math.sqrt(_mean([value**2 for value in values]))
            joined[name] /= world if name.startswith("delta_rms") else 1
        elif name == "dead_fraction":
            joined[name] = min(values)
        elif name == "nonfinite_count":
            joined[name] = math.fsum(values)
        elif name != "activation_std":
            joined[name] = _mean(values)
    if "activation_std" in rows[0]:
        mean = joined["activation_mean"]
        squares = [
            row["activation_std"] ** 2 + (row["activation_mean"] - mean) ** 2 for row in rows
        ]
        joined["activation_std"] = math.sqrt(_mean(squares))
    return joined


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
