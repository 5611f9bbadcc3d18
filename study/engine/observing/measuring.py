"""Measuring what layers show: together where they are small, in pieces where they are large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

AT_ONCE = 2**18
"""Numbers in a tensor that are measured at once on a CPU, 1 MB, which a core's cache holds: small
layers are joined up to this size, and large ones measured some trials at a time."""

Row = dict[str, Tensor]
"""Figures by trial, (K,) each, by column of the layers table."""

Measure = Callable[[Sequence[Tensor]], Row]
"""From tensors with the trial axis first; compares equal to one that computes the same."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one layer showed.

    Attributes:
        tensors: With the trial axis first.
        measure: Computes the figures of the tensors.
    """

    tensors: tuple[Tensor, ...]
    measure: Measure

    @property
    def trials(self) -> int:
        """Number of trials, K."""
        return len(self.tensors[0])

    @property
    def size(self) -> int:
        """Numbers in its largest tensor."""
        return max(tensor.numel() for tensor in self.tensors)

    def is_like(self, other: Shown) -> bool:
        """Returns whether the two can be measured as one."""
        shapes = [[tensor.shape for tensor in shown.tensors] for shown in (self, other)]
        return self.measure == other.measure and shapes[0] == shapes[1]


def measured(layers: Sequence[Shown]) -> list[Row]:
    """Computes the figures of each layer, in float64.

    Neighbours that are alike are joined while they are small: the layers of a deep, narrow
    network cost more to ask one by one than to measure.
    """
    rows: list[Row] = []
    for group in _groups(layers):
        rows += [_measured(group[0])] if len(group) == 1 else _measured_together(group)
    return rows


def _groups(layers: Sequence[Shown]) -> list[list[Shown]]:
    groups: list[list[Shown]] = []
    for shown in layers:
        alike = bool(groups) and groups[-1][0].is_like(shown)
        if alike and (len(groups[-1]) + 1) * shown.size <= AT_ONCE:
            groups[-1].append(shown)
        else:
            groups.append([shown])
    return groups


def _measured_together(group: Sequence[Shown]) -> list[Row]:
    tensors = [torch.cat(alike) for alike in zip(*(shown.tensors for shown in group), strict=True)]
    joined = _measured(Shown(tensors=tuple(tensors), measure=group[0].measure))
    by_layer = {name: values.unflatten(0, (len(group), -1)) for name, values in joined.items()}
    rows = zip(*(values.unbind() for values in by_layer.values()), strict=True)
    return [dict(zip(by_layer, row, strict=True)) for row in rows]


def _measured(shown: Shown) -> Row:
    trials = shown.trials
    size = max(1, AT_ONCE * trials // max(1, shown.size))
    if size >= trials or shown.tensors[0].device.type != "cpu":
        return _as_double(shown.measure(shown.tensors))
    rows = [
        shown.measure([tensor[start : start + size] for tensor in shown.tensors])
        for start in range(0, trials, size)
    ]
    return _as_double({name: torch.cat([row[name] for row in rows]) for name in rows[0]})


def _as_double(row: Row) -> Row:
    return {name: values.double() for name, values in row.items()}
