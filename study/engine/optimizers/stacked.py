"""An update rule applied to the stacked parameters of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.chunks import EVERY, chunks
from study.engine.cohort.per_trial import Columns, along
from study.engine.optimizers.optimizer import Factors, Rule, RuleFactory, State
from study.engine.optimizers.state import Memory

STEPS = "steps"
"""Number of steps so far, in the state."""

SCALE = "gradient_scale"
DECAY = "coupled_decay"
"""Factors that every rule's gradients share; a rule's own have other names."""

KEPT = "kept"
"""What a rule that decays parameters apart from the gradient leaves of them in a step."""


class StackedOptimizer:
    """Implements `Optimizer` for any rule; the host never waits for the device.

    A rule gets g <- scale g + weight_decay p, with the scale of clipping, and the second term only
    where the rule couples the decay to the gradient (L2 regularization).

    Args:
        rules: Make the rules: one a block, or one for all of them.
        columns: Hyperparameters of the trials, of which `weight_decay` is read here.
        rate_factors: On the learning rate, one a block; 1 by default. What a step decays, learning
            rate times weight decay, is without it.

    Attributes:
        rule: The rule, if there is one for all blocks, at one learning rate.
    """

    def __init__(
        self,
        rules: Sequence[RuleFactory],
        columns: Columns,
        rate_factors: Sequence[float] = (),
    ) -> None:
        self._columns = columns
        made = {rule: rule(columns) for rule in rules}
        self._memory = Memory([made[rule] for rule in rules], device=columns.device)
        self._rate_factors = tuple(rate_factors)
        alike = len(rules) == 1 and set(rate_factors) <= {1.0}
        self.rule = made[rules[0]] if alike else None
        self._steps = 0

    def step(
        self,
        blocks: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        self._steps += 1
        memory = self._memory.beside(blocks, gradients)
        rules = self._memory.rules(len(blocks))
        rates = self._rate_factors or (1.0,) * len(blocks)
        columns_of = {
            kind: self._factors(*kind, learning_rate_K, gradient_scale_K)
            for kind in set(zip(rules, rates, strict=True))
        }
        for rule, rate, block, gradient, remembered in zip(
            rules, rates, blocks, gradients, memory, strict=True
        ):
            columns = columns_of[rule, rate]
            every = _along(columns, EVERY, block)
            for slots, (parameter, direction, *own) in chunks((block, gradient, *remembered)):
                factors = every if slots is EVERY else _along(columns, slots, block)
                if SCALE in factors:
                    direction.mul_(factors[SCALE])
                if DECAY in factors:
                    direction.addcmul_(parameter, factors[DECAY])
                rule.update(parameter, direction, own, factors)

    def _factors(
        self,
        rule: Rule,
        rate_factor: float,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> Factors:
        columns = dict(rule.factors(self._steps, learning_rate_K * rate_factor))
        if KEPT in columns and rate_factor != 1.0:
            columns[KEPT] = rule.factors(self._steps, learning_rate_K)[KEPT]
        if gradient_scale_K is not None:
            columns[SCALE] = gradient_scale_K
        decay_K = self._columns.used("weight_decay", 0.0) if rule.couples_decay else None
        if decay_K is not None:
            columns[DECAY] = decay_K / rate_factor
        return columns

    def ahead(self, blocks: Sequence[Tensor], rates_SxK: Tensor) -> tuple[list[Tensor], Factors]:
        if self.rule is None:
            raise ValueError("steps of several rules cannot be left to somebody else")
        memory = self._memory.packed(blocks)
        by_step = []
        for rate_K in rates_SxK:
            self._steps += 1
            by_step.append(self.rule.factors(self._steps, rate_K))
        factors = {name: torch.stack([each[name] for each in by_step]) for name in by_step[0]}
        if self.rule.couples_decay:
            factors[DECAY] = self._columns.tensor("weight_decay", 0.0)
        return memory, factors

    def keep(self, slots: Tensor) -> None:
        self._columns.keep(slots.tolist())
        self._memory.keep(slots)

    def state(self) -> State:
        return {STEPS: [torch.tensor(self._steps)], **self._memory.state()}

    def load(self, state: State) -> None:
        if STEPS not in state:
            raise ValueError(
                f"the state of an optimizer has {STEPS}, but got one with "
                f"{', '.join(state) or 'nothing'}"
            )
        self._memory.load(state, len(self._columns))
        self._steps = int(state[STEPS][0])


def _along(columns: Factors, slots: slice, block: Tensor) -> Factors:
    return {name: along(column_K[slots], block) for name, column_K in columns.items()}
