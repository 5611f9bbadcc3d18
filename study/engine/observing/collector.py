"""Where the tensors that a layer shows in one step end up."""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.observing.measuring import Measure, Row, Shown, measured
from study.engine.quantities import OF_CALL

LARGE = 2**13
"""Numbers in a tensor from which it is measured when it comes. Keeping it would cost more: memory
that is not used again is not in any cache."""


class Sink:
    """Takes what one layer shows of one kind, its activations or its deltas.

    Where trials run one after another, each shows its own, in the order of the trials. Large
    tensors of a layer that is called once in a pass are measured at once; others are kept.

    Args:
        measure: What is asked of all calls joined along the batch axis and, with two or more
            calls, of those that `OF_CALL` names.
        calls: How often the layer is expected to be called in one pass.
        units_last: Whether units are on the last axis, so that the axes before it are examples.
    """

    def __init__(self, measure: Measure, *, calls: int, units_last: bool) -> None:
        self._measure = measure
        self._calls = calls
        self._units_last = units_last
        self._rows: list[Row] = []
        self._kept: dict[int, list[Tensor]] = {}

    def add(self, shown_KxB: Tensor, call: int = 0, *, stays: bool) -> None:
        """Takes what one call shows.

        Args:
            shown_KxB: (K, B, ...).
            call: Number of the call in this pass, from 0.
            stays: Whether it stays in memory for the step anyway, and nothing overwrites it.
        """
        if self._calls == 1 and self._is_large(shown_KxB):
            if call == 0:
                shown = Shown(tensors=(self._flat(shown_KxB),), measure=self._measure)
                self._rows += measured([shown])
            return
        kept = shown_KxB if stays else shown_KxB.clone(memory_format=torch.contiguous_format)
        self._kept.setdefault(call, []).append(kept)

    def row(self, trials: int) -> Row | None:
        """Returns what was measured at once, if all trials were."""
        if sum(len(values) for row in self._rows for values in list(row.values())[:1]) != trials:
            return None
        return {name: torch.cat([row[name] for row in self._rows]) for name in self._rows[0]}

    def shown(self, trials: int) -> Shown | None:
        """Returns what was kept; None if a trial showed nothing.

        Of trials that differ in their number of calls, the calls that all of them made.
        """
        calls = [self._kept[call] for call in sorted(self._kept)]
        joined = [call[0] if len(call) == 1 else torch.cat(call) for call in calls]
        common = [call for call in joined if len(call) == trials]
        if not common:
            return None
        everything = self._flat(common[0] if len(common) == 1 else torch.cat(common, dim=1))
        last = len(common) - 1
        some = [common[round(part * last)] for part in OF_CALL.values()] if last else []
        return Shown(tensors=(everything, *some), measure=self._measure)

    def _is_large(self, shown_KxB: Tensor) -> bool:
        """As the first one was: all trials' must end up in one list."""
        if self._rows or self._kept:
            return bool(self._rows)
        return shown_KxB.numel() >= LARGE

    def _flat(self, shown_KxB: Tensor) -> Tensor:
        if self._units_last and shown_KxB.ndim > 3:
            return shown_KxB.flatten(1, -2)
        return shown_KxB.contiguous()
