"""What an optimizer is to the training loop, and what a rule is to an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from study.engine.cohort.per_trial import Columns

State = dict[str, list[Tensor]]
"""Tensors by name, as `torch.save` keeps and `torch.load(weights_only=True)` returns them."""

Factors = Mapping[str, Tensor]
"""Numbers of one step by name, one a trial: (K,), or (1, K, 1, ...) where a block is updated."""


class Optimizer(Protocol):
    """One optimizer for all trials of a cohort."""

    @property
    def rule(self) -> Rule | None:
        """How it updates, if it is one rule for all blocks."""

    def ahead(self, blocks: Sequence[Tensor], rates_SxK: Tensor) -> tuple[list[Tensor], Factors]:
        """Leaves the next S steps to somebody else, and counts them.

        Args:
            blocks: Parameters, one (P, K, ...) for each shape.
            rates_SxK: Learning rates of these steps.

        Returns:
            What is remembered, flat and laid out as the blocks, to be updated in place; and the
            numbers of the rule with `coupled_decay`, (S, K) or (K,) each.

        Raises:
            ValueError: If there is no one rule.
        """

    def step(
        self,
        blocks: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        """Updates blocks (P, K, ...) in place.

        Args:
            blocks: Parameters, one (P, K, ...) for each shape.
            gradients: Laid out as the blocks are; they may be overwritten.
            learning_rate_K: This step's learning rate by trial, (K,), >= 0.
            gradient_scale_K: What the gradients are multiplied by first; None for 1.
        """

    def keep(self, slots: Tensor) -> None:
        """Goes on with these trials of the cohort only.

        Args:
            slots: Indices along the trial axis, in ascending order.
        """

    def state(self) -> State:
        """Returns everything that later steps depend on: the tensors themselves, no copies."""

    def load(self, state: State) -> None:
        """Goes on, bit for bit, where the optimizer of the same trials was that gave the state.

        Raises:
            ValueError: If the state is of another optimizer or of another number of trials.
        """


class Rule(Protocol):
    """How one optimizer changes a parameter: all that distinguishes it from the others."""

    @property
    def memory(self) -> tuple[str, ...]:
        """What it remembers of each block, by name."""

    def begin(self, parameter: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
        """Returns what is remembered of a block before its first step, in the order of `memory`.

        Each is (P, K, ...): trials are taken out of it along the second axis. What has a number
        for each number of the gradient lies in memory as the gradient does (`zeros`): an
        operation on tensors of two layouts costs several times as much on a CPU.
        """

    @property
    def couples_decay(self) -> bool:
        """Whether `weight_decay * parameter` is added to the gradient beforehand."""

    def factors(self, step: int, learning_rate_K: Tensor) -> Factors:
        """Numbers that `update` needs in this step; steps count from 1."""

    def update(
        self, parameter: Tensor, gradient: Tensor, memory: Sequence[Tensor], factors: Factors
    ) -> None:
        """Updates parameters (P, K, ...) and memory in place.

        Args:
            parameter: Some or all parameters of a block.
            gradient: Scaled, and with the decay where it is coupled; it may be overwritten.
            memory: Of these parameters, in the order of `memory`.
            factors: Shaped to act on the parameters.
        """


RuleFactory = Callable[[Columns], Rule]


@dataclass(frozen=True, kw_only=True)
class ByRole:
    """Two rules that share the parameters of a network.

    Attributes:
        matrices: For the weights between hidden layers.
        others: For embeddings, the first and the last layer, biases and gains.
    """

    matrices: RuleFactory
    others: RuleFactory


def zeros(names: Sequence[str], gradient: Tensor) -> tuple[Tensor, ...]:
    """Returns a zero for each number of a gradient, once a name."""
    return tuple(torch.zeros_like(gradient) for _ in names)
