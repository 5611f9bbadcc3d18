"""What a loop wants of its network, seen without asking for it: labels and targets.

The gradient of a usual loss by a network's outputs says what was wanted of them. Cross-entropy
leaves softmax(outputs) less the one-hot label, of which only the label's number is negative; a
squared error leaves what the outputs are too large by. So chance is known without the data.

Axes: N answers (examples, with pixels and time steps), C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from study.watching.record import RunRecord

Kind = Literal["cross_entropy", "binary", "squared"]

_KINDS: dict[str, Kind] = {
    "NllLoss": "cross_entropy",
    "NllLoss2D": "cross_entropy",
    "NllLossNd": "cross_entropy",
    "BinaryCrossEntropyWithLogits": "binary",
    "MseLoss": "squared",
}
"""Autograd's name of a loss function -> its kind."""

_PASSED = ("Div", "Mul", "Mean", "ToCopy", "Add", "Squeeze", "View", "Alias")
"""What may be done to a loss behind its function."""

_DEEP = 8
"""Functions behind the loss that are looked through."""

MOST = 2**20
"""Numbers of the outputs that are looked at, at most."""

CLEAR = 100.0
"""Times the rounding of outputs that targets must be large: what is left of outputs that ran away,
once their error is taken off, is no target."""

AGREE = 1.25
"""Factor within which a loss must keep to the one that its kind has here."""


def loss_kind(loss: object) -> Kind | None:
    """Returns the kind of a loss from how it was made; None of others, and of several together."""
    waiting = [getattr(loss, "grad_fn", None)]
    kinds: set[Kind] = set()
    for _ in range(_DEEP):
        nodes = [node for node in waiting if node is not None]
        waiting = []
        for node in nodes:
            name = node.name().split("Backward")[0]
            if name in _KINDS:
                kinds.add(_KINDS[name])
            elif name in _PASSED:
                waiting += [source for source, _ in node.next_functions]
            elif name != "torch::autograd::AccumulateGrad":
                return None
    return next(iter(kinds)) if len(kinds) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was wanted in one pass.

    Attributes:
        loss: By its kind's own formula.
        counts_C: How often each label was; None of targets that are numbers.
        targets: How many, the sums of them by output and of their squares; None of labels.
    """

    loss: float
    counts_C: Tensor | None = None
    targets: tuple[int, Tensor, Tensor] | None = None


@dataclass
class Answers:
    """Collects what was wanted of the outputs, look by look.

    Attributes:
        kind: Of the loss; None until it is known.
    """

    kind: Kind | None = None
    _shown: list[Wanted] = field(default_factory=list)
    _counts_C: Tensor | None = None
    _targets: list[tuple[int, Tensor, Tensor]] = field(default_factory=list)
    _scales: list[float] = field(default_factory=list)

    def see(self, outputs: Tensor, gradient: Tensor, *, units_last: bool) -> None:
        """Takes the outputs of one pass and the gradient by them, (B, ..., C) or (B, C, ...)."""
        if self.kind is None or outputs.ndim < 2:
            return
        outputs_NxC, gradient_NxC = (
            _flat(values, units_last=units_last) for values in (outputs, gradient)
        )
        if not bool(gradient_NxC.isfinite().all()):
            return
        if self.kind == "squared":
            self._shown.append(_squared(outputs_NxC, gradient_NxC, gradient.numel()))
            return
        wanted_N = (gradient_NxC != 0).any(dim=1)  # Others are padding, which the loss ignores.
        outputs_NxC, gradient_NxC = outputs_NxC[wanted_N].float(), gradient_NxC[wanted_N].float()
        if len(outputs_NxC):
            see = _binary if self.kind == "binary" else _cross_entropy
            self._shown.append(see(outputs_NxC, gradient_NxC))

    def shown(self) -> list[Wanted]:
        """Returns what the passes of a look showed, and forgets it."""
        shown, self._shown = self._shown, []
        return shown

    def learn(self, everywhere: Sequence[Sequence[Wanted]], loss: float) -> None:
        """Takes what the passes of a look showed.

        Args:
            everywhere: Of each process that took part.
            loss: Of the last pass, as the loop has it; the mean over processes.
        """
        for wanted in (each for shown in everywhere for each in shown):
            if wanted.targets is not None:
                self._targets.append(wanted.targets)
            if wanted.counts_C is not None:
                before = 0 if self._counts_C is None else self._counts_C
                self._counts_C = wanted.counts_C + before
        last = [shown[-1].loss for shown in everywhere if shown]
        own = sum(last) / len(last) if last else math.nan
        if math.isfinite(own) and own > 0 and math.isfinite(loss):
            self._scales.append(loss / own)

    def note_in(self, record: RunRecord) -> None:
        """Writes what is known by now into a run's record."""
        record.loss_chance = self.loss_chance
        record.majority_share = self.majority_share
        record.target_rms = self.target_rms

    @property
    def loss_chance(self) -> float:
        """The loss of the best constant answer, in the loop's own scale; NaN if not known."""
        constant = self._constant()
        if constant is None or not self._scales:
            return math.nan
        low, high = min(self._scales), max(self._scales)
        # A loss with another term keeps no scale, and of squared errors that must be theirs.
        known = high < AGREE * low
        if self.kind == "squared":
            known = low > 1 / AGREE and high < AGREE
        return constant * sorted(self._scales)[len(self._scales) // 2] if known else math.nan

    @property
    def majority_share(self) -> float:
        """Share of the most frequent label; NaN of what has no labels."""
        if self._counts_C is None or self.kind == "squared" or self._counts_C.sum() == 0:
            return math.nan
        return float(self._counts_C.max() / self._counts_C.sum())

    @property
    def target_rms(self) -> float:
        """Root mean square of the targets; NaN of labels."""
        if not self._targets:
            return math.nan
        _, squares_C = self._moments()
        return float(squares_C.mean().sqrt())

    def _moments(self) -> tuple[Tensor, Tensor]:
        """Means of the targets and of their squares, by output, (C,)."""
        count = sum(rows for rows, _, _ in self._targets)
        means_C = torch.stack([sums_C for _, sums_C, _ in self._targets]).sum(dim=0) / count
        squares_C = torch.stack([squares_C for _, _, squares_C in self._targets]).sum(dim=0)
        return means_C, squares_C / count

    def _constant(self) -> float | None:
        if self.kind == "squared":
            if not self._targets:
                return None
            mean_C, square_C = self._moments()
            return float((square_C - mean_C**2).mean())
        if self._counts_C is None or self._counts_C.sum() == 0:
            return None
        shares_C = self._counts_C / self._counts_C.sum()
        # A few examples make labels look less evenly spread than they are (Miller and Madow 1955).
        bias = (int((shares_C > 0).sum()) - 1) / (2 * float(self._counts_C.sum()))
        entropy = float(torch.special.entr(shares_C).sum()) + bias
        return min(entropy, math.log(len(shares_C)))


def _cross_entropy(outputs_NxC: Tensor, gradient_NxC: Tensor) -> Wanted:
    label_N = gradient_NxC.argmin(dim=1)
    counts_C = torch.bincount(label_N, minlength=outputs_NxC.shape[1]).double().cpu()
    return Wanted(loss=float(functional.cross_entropy(outputs_NxC, label_N)), counts_C=counts_C)


def _binary(outputs_NxC: Tensor, gradient_NxC: Tensor) -> Wanted:
    label_NxC = (gradient_NxC < 0).float()
    ones = float(label_NxC.mean())
    counts_C = torch.tensor([1 - ones, ones], dtype=torch.float64) * label_NxC.numel()
    loss = float(functional.binary_cross_entropy_with_logits(outputs_NxC, label_NxC))
    return Wanted(loss=loss, counts_C=counts_C)


def _squared(outputs_NxC: Tensor, gradient_NxC: Tensor, count: int) -> Wanted:
    # 2 (output - target) / n where the mean is taken over all n numbers of the outputs.
    error_NxC = gradient_NxC.double() * count / 2
    target_NxC = outputs_NxC.double() - error_NxC
    loss = float(error_NxC.square().mean())
    rounding = torch.finfo(outputs_NxC.dtype).eps * float(outputs_NxC.double().norm())
    if float(target_NxC.norm()) < CLEAR * rounding:
        return Wanted(loss=loss)
    sums_C, squares_C = target_NxC.sum(dim=0).cpu(), target_NxC.square().sum(dim=0).cpu()
    return Wanted(loss=loss, targets=(len(target_NxC), sums_C, squares_C))


def _flat(values: Tensor, *, units_last: bool) -> Tensor:
    """(N, C), some of the rows where there are many."""
    moved = values if units_last else values.movedim(1, -1)
    rows_NxC = moved.reshape(-1, moved.shape[-1])
    most = max(64, MOST // rows_NxC.shape[1])
    return rows_NxC[:: max(1, -(-len(rows_NxC) // most))]
