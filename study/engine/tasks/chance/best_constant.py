"""The best that a network can do which looks at no input: one output for all examples.

Axes: O outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine.tasks.chance.constant_search import lowest_constant
from study.engine.tasks.chance.predicted import PerExample, Predicted
from study.engine.tasks.error import DataError


@dataclass(frozen=True, kw_only=True)
class BestConstant:
    """Attributes:
    free_O: Free numbers, (O,), that the constant is made of.
    domain: Makes outputs of them: any numbers, log-probabilities or probabilities.
    loss: The constant's mean loss over all examples.
    """

    free_O: Tensor
    domain: Callable[[Tensor], Tensor]
    loss: float

    @property
    def outputs_O(self) -> Tensor:
        """The constant, (O,)."""
        return self.domain(self.free_O)


def best_constant(loss: PerExample, predicted: Predicted) -> BestConstant:
    """Minimizes the mean loss over one output for all examples.

    Where that has no bound, and targets are labels or shares, the loss may take log-probabilities
    or probabilities, of which each kind is tried: the outputs of a network that ends with
    `log_softmax` or `softmax`.

    Args:
        loss: Of the task.
        predicted: What its outputs are compared with.

    Returns:
        For cross-entropy the loss is the entropy of the labels in nats, for squared error the
        variance, for absolute error the mean distance from the median.

    Raises:
        DataError: If the loss cannot be computed, is finite for no constant that was tried, or
            has no lower bound.
    """
    try:
        return _best(loss, predicted, _any)
    except DataError as error:
        if not _are_classes(predicted):
            raise
        unbounded = error
    for domain in (_log_probabilities, _probabilities):
        try:
            return _best(loss, predicted, domain)
        except DataError:
            continue  # The first refusal says what is wrong with outputs of any kind.
    raise unbounded


def _best(
    loss: PerExample, predicted: Predicted, domain: Callable[[Tensor], Tensor]
) -> BestConstant:
    def in_domain(outputs: Tensor, targets: Tensor) -> Tensor:
        return loss(domain(outputs), targets)

    free_O = lowest_constant(loss if domain is _any else in_domain, predicted)
    with torch.no_grad():
        mean = float(predicted.mean(loss, domain(free_O)))
    return BestConstant(free_O=free_O, domain=domain, loss=mean)


def _any(outputs: Tensor) -> Tensor:
    return outputs


def _log_probabilities(outputs: Tensor) -> Tensor:
    return outputs.log_softmax(dim=-1)


def _probabilities(outputs: Tensor) -> Tensor:
    return outputs.softmax(dim=-1)


def _are_classes(predicted: Predicted) -> bool:
    """Whether targets are labels of several outputs, or shares that sum to 1."""
    targets = predicted.targets
    if predicted.outputs < 2:
        return False
    if not targets.is_floating_point():
        return bool(targets.min() >= 0) and bool(targets.max() < predicted.outputs)
    sums = targets.double().sum(dim=-1)
    return (
        targets.shape[-1] == predicted.outputs
        and bool((targets >= 0).all())
        and bool(((sums - 1).abs() < 1e-3).all())
    )
