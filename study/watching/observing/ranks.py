"""The numbers of several processes that train one model, as those of one with the whole batch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from study.first_failure import CLAUSES, FirstFailure
from study.watching.record import Look, Row

Value = TypeVar("Value")

_OF_WEIGHTS = ("weight_rms", "weight_count", "weight_grad_rms", "update_ratio")
"""The same in every process: gradients are averaged before the step."""

_FLAT = "FullyShardedDataParallel"


def in_parallel(module: nn.Module) -> bool:
    """Returns whether several processes train this module together."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return False
    wrapped = isinstance(module, DistributedDataParallel)
    return wrapped or any(sharded(parameter) for parameter in module.parameters())


def joined_ranks(modules: Sequence[nn.Module], *, wanted: bool) -> bool:
    """Returns whether numbers are to be joined: wanted, and there are several processes.

    Raises:
        ValueError: If modules are sharded in a way that cannot be watched so.
    """
    if any(type(each).__name__ == _FLAT for module in modules for each in module.modules()):
        raise ValueError(
            f"parameters must belong to layers, but {_FLAT} joins them to flat ones; shard the "
            "model by torch.distributed.fsdp.fully_shard to watch it"
        )
    if not wanted and any(sharded(each) for module in modules for each in module.parameters()):
        raise ValueError(
            "a sharded model (FSDP) must be watched in every process, because each holds a part "
            "of its numbers: study.watch(..., across_ranks=True) in all of them"
        )
    met = torch.distributed.is_available() and torch.distributed.is_initialized()
    return wanted and met and torch.distributed.get_world_size() > 1


def sharded(values: Tensor) -> bool:
    """Returns whether each process holds a part of a tensor only."""
    return hasattr(values, "full_tensor")


def local(values: Tensor) -> Tensor:
    """Returns what this process holds of a tensor, and the numbers of a sparse one."""
    if sharded(values):
        values = values.to_local()  # type: ignore[attr-defined]
    return values.coalesce().values() if values.is_sparse else values


def gathered(value: Value) -> list[Value]:
    """Returns what each process has, in their order; each of them has to call it."""
    everywhere: list[object] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(everywhere, value)
    return cast(list[Value], everywhere)


def mean_loss(loss: float | Tensor, *, suspects: bool) -> tuple[float | Tensor, bool]:
    """Returns the mean over all processes; each of them has to call it.

    Args:
        loss: Of this process; a tensor stays on its device.
        suspects: Whether this process has seen a gradient that is not finite.

    Returns:
        The mean, and whether any process has; False where that would wait for a device.
    """
    value = torch.as_tensor(loss, dtype=torch.float64).detach()
    both = torch.stack([value, torch.full_like(value, float(suspects))])
    torch.distributed.all_reduce(both)
    mean = both[0] / torch.distributed.get_world_size()
    return (mean, False) if isinstance(loss, Tensor) else (float(mean), bool(both[1] > 0))


def first_of(
    found: Sequence[tuple[str, FirstFailure] | None],
) -> tuple[str, FirstFailure] | None:
    """Returns the failure that was first, of those that the processes of one step found."""
    order = ["parameter", *CLAUSES]
    some = [(number, each) for number, each in enumerate(found) if each is not None]
    if not some:
        return None
    number, (tensor, failure) = min(some, key=lambda each: order.index(each[1][1].origin))
    if any(each is None or each[1] != failure for each in found):
        detail = f"{failure.detail}, in process {number} of {len(found)}"
        failure = dataclasses.replace(failure, detail=detail)
    return tensor, failure


def joined_look(look: Look, silent: Mapping[str, Tensor]) -> Look:
    """Joins what one step showed in every process; each of them has to call it.

    A loss is the mean over a process' part of the batch, so that its delta is as many times too
    large as there are processes.

    Args:
        look: Of this process.
        silent: Which units were zero for all of its examples, by layer.
    """
    shown = gathered((dict(look.layers), dict(silent)))
    layers = {}
    for name in look.layers:
        row = _joined([rows[name] for rows, _ in shown if name in rows], len(shown))
        units = [silent[name] for _, silent in shown if name in silent]
        if units:
            row["dead_fraction"] = float(torch.stack(units).all(dim=0).double().mean())
        layers[name] = row
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
