"""Outputs that cannot become what the loss or the targets ask for.

A network that ends with a softmax, a sigmoid or the like has bounded outputs. That is meant where
the loss takes probabilities, and a mistake where the loss applies a softmax of its own or where
targets lie beyond the bounds.

Axes: B tried examples.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from study.engine.seeds import seed_torch
from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task

OUT_OF_REACH = 0.1
"""Share of the loss by chance that bounded outputs must leave where free ones leave none; a few
targets just beyond the bounds are no mistake."""

ITERATIONS = 60

FURTHER, FALLING = 1e3, 0.05
"""A loss that so many times further out falls by this share of its descent has no lower bound:
it takes bounded outputs, as the logarithm of a probability does."""


@dataclass(frozen=True, kw_only=True)
class _Bound:
    """Attributes:
    function: What the network ends with.
    low: Below all outputs.
    high: Above all outputs; infinite if nothing is.
    shares: Whether the outputs of an answer sum to 1.
    """

    function: str
    low: float
    high: float = math.inf
    shares: bool = False

    def within(self, free: Tensor) -> Tensor:
        """Outputs inside of the bounds, for any numbers of the same shape."""
        if self.shares:
            return free.softmax(dim=-1)
        if math.isinf(self.high):
            return self.low + functional.softplus(free)
        return self.low + (self.high - self.low) * free.sigmoid()

    @property
    def text(self) -> str:
        if self.shares:
            return f"the network's outputs are probabilities, by {self.function} at its end"
        interval = (
            f"are never below {self.low:g}"
            if math.isinf(self.high)
            else f"lie between {self.low:g} and {self.high:g}"
        )
        return f"the network's outputs {interval}, by {self.function} at its end"


_BOUNDS = {
    "SoftmaxBackward0": _Bound(function="a softmax", low=0.0, high=1.0, shares=True),
    "SigmoidBackward0": _Bound(function="a sigmoid", low=0.0, high=1.0),
    "HardsigmoidBackward0": _Bound(function="a sigmoid", low=0.0, high=1.0),
    "TanhBackward0": _Bound(function="a tanh", low=-1.0, high=1.0),
    "ReluBackward0": _Bound(function="a relu", low=0.0),
    "SoftplusBackward0": _Bound(function="a softplus", low=0.0),
    "ExpBackward0": _Bound(function="an exponential", low=0.0),
}
"""By autograd's name of the last function."""

_SAME_NUMBERS = ("View", "Reshape", "Squeeze", "Unsqueeze", "ToCopy", "Alias", "Clone", "Slice")
"""Functions, by the beginnings of autograd's names, whose outputs are their inputs."""


def bounded_outputs(task: Task, outputs_B: Tensor, targets_B: Tensor) -> str | None:
    """Says what keeps a network's outputs from what the loss asks for, if anything does.

    Tried, not guessed: outputs free of the network are fitted to the targets, once within the
    bounds and once without. The same arguments give the same answer, and random state stays.

    Args:
        task: Whose loss it is.
        outputs_B: First outputs, (B, outputs) or (B, T, outputs), with their graph: from it the
            last function is known.
        targets_B: Their targets.

    Returns:
        A clause with the cure, for people: "the network's outputs are probabilities, by a softmax
        at its end, and the loss applies a softmax of its own: leave out the network's". None
        where outputs have no bounds or the loss wants these.
    """
    bound = _bound(outputs_B)
    if bound is None:
        return None
    fit = _Fit(task, outputs_B.detach(), targets_B)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            free, within = fit.free(), fit.lowest(bound.within)
    except (RuntimeError, ValueError):
        return None  # A loss that refuses outputs beyond the bounds is made for them.
    if free is None or within - free <= OUT_OF_REACH * (abs(task.loss_chance) - free):
        return None
    return f"{bound.text}, {_wanted(task, bound, outputs_B.detach(), targets_B)}"


class _Fit:
    """Outputs of no network, fitted to targets.

    Args:
        task: Whose loss it is.
        start_B: Shape and type of the outputs.
        targets_B: Their targets.
    """

    def __init__(self, task: Task, start_B: Tensor, targets_B: Tensor) -> None:
        self._task = task
        self._start_B = torch.zeros_like(start_B)
        self._targets_B = targets_B

    def free(self) -> float | None:
        """The lowest loss of any outputs; None if there is none."""
        best_B, first, lowest = self._fitted(lambda outputs: outputs)
        with torch.no_grad():
            beyond = float(self._loss(FURTHER * best_B))
        return None if lowest - beyond > FALLING * (first - lowest) else lowest

    def lowest(self, through: Callable[[Tensor], Tensor]) -> float:
        """The lowest loss of outputs that have gone through a function."""
        return self._fitted(through)[2]

    def _fitted(self, through: Callable[[Tensor], Tensor]) -> tuple[Tensor, float, float]:
        """What went in, the first loss and the lowest one."""
        place_B = self._start_B.clone().requires_grad_()
        solver = torch.optim.LBFGS(
            [place_B], max_iter=ITERATIONS, tolerance_change=1e-7, line_search_fn="strong_wolfe"
        )
        losses: list[float] = []
        best_B = self._start_B

        def closure() -> Tensor:
            nonlocal best_B
            solver.zero_grad()
            loss = self._loss(through(place_B))
            loss.backward()
            if not losses or float(loss.detach()) < min(losses):
                best_B = place_B.detach().clone()
            losses.append(float(loss.detach()))
            return loss.detach()

        solver.step(closure)
        return best_B, losses[0], min(losses)

    def _loss(self, outputs_B: Tensor) -> Tensor:
        seed_torch(0)  # A loss that draws is the same one each time.
        return self._task.loss(outputs_B, self._targets_B).sum() / len(outputs_B)


def _bound(outputs_B: Tensor) -> _Bound | None:
    function = outputs_B.grad_fn
    while function is not None and function.name().startswith(_SAME_NUMBERS):
        function = function.next_functions[0][0]
    found = None if function is None else _BOUNDS.get(function.name())
    if found is not None and not found.shares:
        return found
    # Of a softmax along another axis the answers do not sum to 1; one written out has many names.
    numbers = outputs_B.detach().double()
    if outputs_B.shape[-1] < 2 or not bool((numbers >= 0).all()):
        return None
    sums = numbers.sum(dim=-1)
    return _BOUNDS["SoftmaxBackward0"] if bool(((sums - 1).abs() < 1e-3).all()) else None


def _wanted(task: Task, bound: _Bound, outputs_B: Tensor, targets_B: Tensor) -> str:
    """What the loss asks for instead, and the cure."""
    if bound.shares and _applies_softmax(task, outputs_B, targets_B):
        return "and the loss applies a softmax of its own: leave out the network's"
    if bound.high == 1.0 and _applies_sigmoid(task, outputs_B, targets_B):
        return "and the loss applies a sigmoid of its own: leave out the network's"
    name = bound.function.partition(" ")[2]
    targets = task.targets
    if targets.is_floating_point() and targets[0].numel() == outputs_B[0].numel():
        outside = float(((targets < bound.low) | (targets > bound.high)).double().mean())
        if outside > 0:
            return f"and {100 * outside:.2g} % of the targets lie beyond: leave out the {name}"
    return f"which the loss does not ask for: leave out the {name}"


def _applies_softmax(task: Task, outputs_B: Tensor, targets_B: Tensor) -> bool:
    """Whether the loss stays if all outputs of an answer grow by the same."""
    if inspect.unwrap(task.loss) is cross_entropy:
        return True
    before, after = (task.loss(outputs_B + shift, targets_B) for shift in (0.0, 3.0))
    return torch.allclose(before, after, rtol=1e-3, atol=1e-5)


def _applies_sigmoid(task: Task, outputs_B: Tensor, targets_B: Tensor) -> bool:
    """Whether the loss is binary cross-entropy on logits, mean or sum over an example."""
    if targets_B.numel() != outputs_B.numel():
        return False
    logits_B = 6 * outputs_B - 3
    targets = targets_B.reshape(outputs_B.shape).to(outputs_B.dtype)
    by_number = functional.binary_cross_entropy_with_logits(logits_B, targets, reduction="none")
    losses = task.loss(logits_B, targets_B)
    by_example = by_number.flatten(1)
    return any(
        torch.allclose(losses.reshape(len(losses)), each, rtol=1e-3, atol=1e-5)
        for each in (by_example.mean(dim=1), by_example.sum(dim=1))
    )
