"""The search for the output, equal for all examples, of the lowest mean loss.

Axes: N examples, O outputs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from study.engine.tasks.chance.predicted import PerExample, Predicted
from study.engine.tasks.error import DataError

ITERATIONS = 60

FLAT, HALVED = 1e-4, 128
"""Slope, by spread and in first losses, that is left at a kink only; outputs, at most, that are
then moved one by one."""

FURTHER = 1e3
"""Times as far from its start a constant is tried, to see whether the loss has a lower bound."""

FALLING = 0.05
"""Share of the descent by which the loss falls out there if it has none: 1 / x has, log x not."""

_LOST = 1e30
"""Stands for a loss that is not finite, which a search must turn back from."""

_CURE = "give the task its loss_chance, and chance where it has a metric"


def lowest_constant(loss: PerExample, predicted: Predicted) -> Tensor:
    """Searches the output of the lowest mean loss, (O,), by L-BFGS from several starts.

    In double precision; where a loss has kinks, as the absolute error has, the last of the way
    is gone by halving steps.

    Raises:
        DataError: If the loss cannot be computed, is finite for none of the starts, or has no
            lower bound.
    """
    some = predicted.some()
    dtype = _dtype(loss, some)
    searches = [_Search(loss, some, start, dtype) for start in _starts(some)]
    found = [each for each in searches if each.lowest < _LOST]
    if not found:
        raise DataError(
            f"the loss of task {predicted.name} is finite for none of the constant outputs that "
            f"were tried, so its level by chance cannot be worked out; {_CURE}"
        )
    for each in found:
        each.descend()
    best = min(found, key=lambda each: each.lowest)
    if best.has_no_bound():
        raise DataError(
            f"the loss of task {predicted.name} has no lower bound: it falls to {best.lowest:.3g} "
            f"and on as outputs grow, so its level by chance cannot be worked out; {_CURE}"
        )
    return best.constant_O


class _Search:
    """A search for the lowest loss from one start; remembers the best of what it has seen.

    Args:
        loss: To be minimized.
        predicted: Few enough examples.
        start_O: Where to begin.
        dtype: Of the outputs.
    """

    def __init__(
        self, loss: PerExample, predicted: Predicted, start_O: Tensor, dtype: torch.dtype
    ) -> None:
        self._loss = loss
        self._predicted = predicted
        self._dtype = dtype
        self._start_O = start_O
        self._scale_O = _spread(predicted)
        self.constant_O = start_O.to(dtype)
        self.lowest = self._at(start_O)
        self._first = self.lowest
        self._slope = math.inf

    def descend(self) -> None:
        """Goes down by L-BFGS, in units of the targets' spread and of the first loss."""
        place_O = torch.zeros_like(self._start_O, requires_grad=True)
        unit = max(abs(self._first), 1e-30)
        solver = torch.optim.LBFGS(
            [place_O],
            max_iter=ITERATIONS,
            tolerance_grad=1e-9,
            tolerance_change=1e-12,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            solver.zero_grad()
            constant_O = (self._start_O + self._scale_O * place_O).to(self._dtype)
            value = self._predicted.mean(self._loss, constant_O)
            if not value.isfinite() or not value.requires_grad:
                return torch.tensor(_LOST, dtype=torch.float64)
            (value / unit).backward()
            assert place_O.grad is not None
            place_O.grad.nan_to_num_(0.0, 0.0, 0.0)
            slope = float(place_O.grad.abs().max())
            self._remember(float(value.detach()), constant_O.detach(), slope)
            return (value / unit).detach()

        solver.step(closure)
        if self._slope > FLAT and len(self._start_O) <= HALVED:
            self._halve()

    def _halve(self) -> None:
        """Tries steps along each output, ever smaller ones, and takes what goes down."""
        step = 0.25
        while step > 1e-4:
            before = self.lowest
            for output in range(len(self._start_O)):
                for sign in (step, -step):
                    moved_O = self.constant_O.double().clone()
                    moved_O[output] += sign * self._scale_O[output]
                    self._remember(self._at(moved_O), moved_O, self._slope)
            if self.lowest >= before - 1e-4 * abs(before):
                step /= 2

    def has_no_bound(self) -> bool:
        """Whether far beyond the lowest point the loss goes on falling."""
        way_O = self.constant_O.double() - self._start_O
        beyond = self._at(self._start_O + FURTHER * way_O)
        rounding = 1e-6 * abs(self.lowest)
        return self.lowest - beyond > FALLING * (self._first - self.lowest) + rounding

    def _at(self, constant_O: Tensor) -> float:
        with torch.no_grad():
            value = float(self._predicted.mean(self._loss, constant_O.to(self._dtype)))
        return value if value < _LOST else _LOST

    def _remember(self, value: float, constant_O: Tensor, slope: float) -> None:
        if value <= self.lowest:
            self.lowest, self.constant_O = value, constant_O.to(self._dtype)
            self._slope = slope


def _starts(predicted: Predicted) -> list[Tensor]:
    """Zeros, equal shares and, where targets are numbers, their means and medians by output."""
    size, targets = predicted.outputs, predicted.targets
    if not targets.is_floating_point():
        return [torch.zeros(size).double(), torch.full((size,), 1 / size).double()]
    columns = _columns(predicted)
    means, medians = columns.mean(dim=0).expand(size), columns.median(dim=0).values.expand(size)
    return [torch.zeros(size).double(), means, medians]


def _spread(predicted: Predicted) -> Tensor:
    """The scale in which outputs are searched, (O,): 1 where targets are not numbers or equal."""
    if not predicted.targets.is_floating_point():
        return torch.ones(predicted.outputs, dtype=torch.float64)
    spread = _columns(predicted).std(dim=0, correction=0).expand(predicted.outputs)
    return torch.where(spread > 0, spread, 1.0)


def _columns(predicted: Predicted) -> Tensor:
    """Targets as (rows, O) where each output has its own; else all numbers in one column."""
    targets = predicted.targets.double()
    by_output = targets.ndim > 1 and targets[0].numel() % predicted.outputs == 0
    return targets.reshape(-1, predicted.outputs if by_output else 1)


def _dtype(loss: PerExample, predicted: Predicted) -> torch.dtype:
    """Double precision, or single where a loss has numbers of its own in that.

    Raises:
        DataError: If the loss can be computed in neither.
    """
    first = _starts(predicted)[0]
    try:
        predicted.mean(loss, first)
    except RuntimeError:
        # torch mixes no types of numbers in products and in some losses.
        try:
            predicted.mean(loss, first.float())
        except Exception as error:
            raise _failed(predicted, error) from error
        return torch.float32
    except Exception as error:
        raise _failed(predicted, error) from error
    return torch.float64


def _failed(predicted: Predicted, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    text = str(error).splitlines()
    return DataError(
        f"the loss of task {predicted.name} cannot be computed from constant outputs "
        f"({predicted.outputs},) an answer: {type(error).__name__}: {text[0] if text else ''}"
    )
