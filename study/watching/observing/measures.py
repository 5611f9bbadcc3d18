"""What one call of a module shows, as a few numbers: nothing of it is kept.

Axes: B examples, with pixels and time steps, U units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine import quantities
from study.watching.observing.weights import size

Numbers = dict[str, Tensor]
"""Figures of one call by column of the layers table, 0-d each, on the device."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One call.

    Attributes:
        count: How many numbers the tensor had.
        numbers: Their figures.
        activity_U: Sum of sizes by unit, zero where a unit is; None where units have no meaning.
    """

    count: int
    numbers: Numbers
    activity_U: Tensor | None = None


def of_size(column: str, value: Tensor) -> Seen:
    """Measures the rms of an output or of a gradient."""
    return Seen(count=value.numel(), numbers={column: size(value) / math.sqrt(value.numel())})


def of_activation(value: Tensor, activation: str | None, *, units_last: bool) -> Seen:
    """Measures activations.

    Args:
        value: (B, ..., U), or (B, U, ...) of a convolution.
        activation: The function's name in the catalogue, if it is known.
        units_last: Which of the two.
    """
    values = _exact(value)
    numbers = {
        name: quantities.ON_ACTIVATION[name](values)[0]
        for name in ("activation_mean", "activation_std", "zero_fraction")
    }
    numbers["saturated_fraction"] = quantities.saturated_fraction(values, activation)[0]
    numbers["nonfinite_count"] = quantities.nonfinite_count(values)[0]
    return Seen(
        count=value.numel(), numbers=numbers, activity_U=_activity(value, units_last=units_last)
    )


def joined(calls: Sequence[Seen]) -> dict[str, float]:
    """Joins the calls of one pass into the figures of all their numbers.

    Args:
        calls: At least one, alike in what they measured.
    """
    values = _on_host(calls)
    count = math.fsum(call.count for call in calls)
    row: dict[str, float] = {}
    for name in calls[0].numbers:
        column = [each[name] for each in values]
        weights = [call.count / count for call in calls]
        if name.endswith("_rms"):
            row[name] = math.sqrt(_mean([value**2 for value in column], weights))
        elif name == "nonfinite_count":
            row[name] = math.fsum(column)
        elif name != "activation_std":
            row[name] = _mean(column, weights)
    if "activation_std" in calls[0].numbers:
        row["activation_std"] = _deviation(values, row["activation_mean"], calls, count)
    silent_U = silent_units(calls)
    if silent_U is not None:
        row["dead_fraction"] = float(silent_U.double().mean())
    return row


def silent_units(calls: Sequence[Seen]) -> Tensor | None:
    """Returns which units were zero in all calls, (U,); None where units have no meaning."""
    activities = [call.activity_U for call in calls if call.activity_U is not None]
    if not activities or any(len(each) != len(activities[0]) for each in activities):
        return None
    return torch.stack(activities).sum(dim=0) == 0


def _deviation(
    values: Sequence[Mapping[str, float]], mean: float, calls: Sequence[Seen], count: float
) -> float:
    squares = [
        each["activation_std"] ** 2 + (each["activation_mean"] - mean) ** 2 for each in values
    ]
    return math.sqrt(_mean(squares, [call.count / count for call in calls]))


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return float(sum(value * weight for value, weight in zip(values, weights, strict=True)))


def _on_host(calls: Sequence[Seen]) -> list[dict[str, float]]:
    """All figures of all calls with one wait for the device."""
    flat = torch.stack([value.double() for call in calls for value in call.numbers.values()])
    numbers = iter(flat.tolist())
    return [{name: next(numbers) for name in call.numbers} for call in calls]


def _exact(value: Tensor) -> Tensor:
    """With an axis of one trial, as quantities are made for; squares of halves would overflow."""
    values = value.detach()
    if values.dtype in (torch.float16, torch.bfloat16):
        values = values.float()
    return values.unsqueeze(0)


def _activity(value: Tensor, *, units_last: bool) -> Tensor | None:
    if value.ndim < 2:
        return None
    sizes = value.detach().abs()
    axis = value.ndim - 1 if units_last else 1
    others = [index for index in range(value.ndim) if index != axis]
    return sizes.sum(dim=others)
