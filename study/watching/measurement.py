"""Everything of one step that is looked at: gradients, updates, and what passed the layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.optim import Optimizer

from study.watching.observing.ranks import in_parallel, local
from study.watching.observing.scaler import Scaler
from study.watching.observing.signals import Signals
from study.watching.observing.still import still_layers
from study.watching.observing.weights import (
    Arrived,
    Update,
    parameters_of,
    relative,
    size,
    sizes_of,
    total,
)
from study.watching.record import Look


class Measurement:
    """Measures one step; made before its forward pass.

    Args:
        step: Its number.
        optimizers: Those that step.
        signals: Of the modules that take part, by the prefix of their layers' names.
        named: Parameters by name.
        scaler: Of the loss.
        across_ranks: Whether its numbers are to be joined to those of other processes.
    """

    def __init__(
        self,
        step: int,
        optimizers: Sequence[Optimizer],
        signals: Mapping[str, Signals],
        named: Mapping[str, Tensor],
        scaler: Scaler,
        *,
        across_ranks: bool,
    ) -> None:
        self._step = step
        self._optimizers = optimizers
        self._parameters = parameters_of(optimizers)
        self._signals = signals
        self._named = named
        self._scaler = scaler
        self._across_ranks = across_ranks
        averaged = any(in_parallel(each.called) for each in signals.values())
        self._arrived = Arrived(self._parameters, averaged=averaged)
        self._update: Update | None = None
        self._given: dict[int, float] = {}
        self.look: Look | None = None
        self.still: dict[str, str] = {}
        self.silent: dict[str, Tensor] = {}
        for each in signals.values():
            each.look(self._arrived.begins)

    def before(self, optimizer: Optimizer, *, closure: bool) -> None:
        """Takes the parameters before the update; the first call of a step counts.

        Args:
            optimizer: The one that is about to step; others may find its gradients cleared.
            closure: Whether it makes gradients within its step, again and again at parameters
                that it tries: those of the first time are the step's.
        """
        if closure:
            self._arrived.first = True
            for each in self._signals.values():
                each.first_counts()
        if self._update is None:
            self._update = Update(self._parameters)
        if len(self._optimizers) > 1:
            self._given |= _sizes(parameters_of([optimizer]))

    def close(self) -> None:
        """Takes all hooks away."""
        self._arrived.close()
        for each in self._signals.values():
            each.rest()

    def behind(self) -> None:
        """Measures the step after its last update; gradients are as the optimizers used them."""
        assert self._update is not None
        scale = self._scaler.of_gradients(self._optimizers)
        sizes_now = {**self._given, **_sizes(self._parameters)}
        if self._arrived.first:
            sizes_now |= self._arrived.norms
        used = {key: norm / scale for key, norm in sizes_now.items()}
        factor = self._clip_factor(used)
        moved, sizes = self._update.moved(), self._update.sizes()
        for prefix, signals in self._signals.items():
            if self._across_ranks:
                silent = signals.silent()
                self.silent |= {prefix + name: units for name, units in silent.items()}
            reasons = still_layers(
                signals.order(), self._named, self._optimizers, moved=moved, prefix=prefix
            )
            self.still |= {prefix + name: reason for name, reason in reasons.items()}
        norm = total(used.values())
        self.look = Look(
            step=self._step,
            grad_norm=norm / factor if factor == factor and factor > 0 else norm,
            clip_factor=factor,
            update_ratio=relative(total(moved.values()), total(sizes.values())),
            layers=self._layer_rows(used, moved, sizes, factor),
        )

    def _clip_factor(self, used: Mapping[int, float]) -> float:
        """Norm of the gradient that was used over the one that arrived; NaN if not seen."""
        arrived = self._arrived.norms
        if not used or set(used) - set(arrived):
            return math.nan
        whole = total(arrived.values())
        if whole == 0 or not math.isfinite(whole):
            return 1.0
        ratio = total(used.values()) / whole
        return self._scaler.clip_factor(ratio, used, arrived)

    def _layer_rows(
        self,
        used: Mapping[int, float],
        moved: Mapping[int, float],
        sizes: Mapping[int, float],
        factor: float,
    ) -> dict[str, dict[str, float]]:
        scale = self._scaler.of_losses()
        factor = factor if factor == factor and factor > 0 else 1.0
        rows = {}
        for prefix, signals in self._signals.items():
            shown = signals.rows()
            for layer in signals.order():
                row = dict(shown.get(layer.name, {}))
                for column in [name for name in row if name.startswith("delta_rms")]:
                    row[column] /= scale
                weight = self._named[prefix + layer.weight]
                row |= _of_weight(weight, used, moved, sizes, factor)
                row["nonfinite_count"] = row.get("nonfinite_count", 0.0) + _broken(weight, used)
                rows[prefix + layer.name] = row
        return rows


def _sizes(parameters: Sequence[Tensor]) -> dict[int, float]:
    """Norms of the gradients that there are, by the parameter's id."""
    return sizes_of({id(each): each.grad for each in parameters if each.grad is not None})


def _broken(weight: Tensor, used: Mapping[int, float]) -> float:
    """Counts the numbers of a weight's gradient that are not finite."""
    # A finite norm has finite numbers only; to count them costs as much as an update.
    if weight.grad is None or (id(weight) in used and math.isfinite(used[id(weight)])):
        return 0.0
    return float((~local(weight.grad).isfinite()).sum())


def _of_weight(
    weight: Tensor,
    used: Mapping[int, float],
    moved: Mapping[int, float],
    sizes: Mapping[int, float],
    factor: float,
) -> dict[str, float]:
    count = weight.numel()
    before = sizes.get(id(weight))
    norm = float(size(weight)) if before is None else before
    row = {"weight_rms": norm / math.sqrt(count), "weight_count": float(count)}
    if id(weight) in used:
        row["weight_grad_rms"] = used[id(weight)] / factor / math.sqrt(count)
    # What no optimizer has does not move.
    row["update_ratio"] = relative(moved.get(id(weight), 0.0), norm)
    return row
