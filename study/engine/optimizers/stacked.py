"""An update rule applied to the stacked parameters of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.chunks import EVERY, chunks
from study.engine.cohort.per_trial import Columns, along
from study.engine.optimizers.optimizer import Factors, RuleFactory, State
from study.engine.optimizers.state import Memory

STEPS = "steps"
"""Number of steps so far, in the state."""


class StackedOptimizer:
    """Implements `Optimizer` for any rule; the host never waits for the device.

    A rule gets g <- scale g + weight_decay p, with the scale of clipping, and the second term only
    where the rule couples the decay to the gradient (L2 regularization).

    Args:
        rule: Makes the rule.
        columns: Hyperparameters of the trials, of which `weight_decay` is read here.
    """

    def __init__(self, rule: RuleFactory, columns: Columns) -> None:
        self._columns = columns
        self._rule = rule(columns)
        self._memory = Memory(self._rule.memory, device=columns.device)
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
        decay_K = self._columns.used("weight_decay", 0.0) if self._rule.couples_decay else None
        columns = dict(self._rule.factors(self._steps, learning_rate_K))
        if gradient_scale_K is not None:
            columns["scale"] = gradient_scale_K
        if decay_K is not None:
            columns["decay"] = decay_K
        memory = self._memory.beside(gradients)
        for block, gradient, remembered in zip(blocks, gradients, memory, strict=True):
            every = _along(columns, EVERY, block)
            for slots, (parameter, direction, *own) in chunks((block, gradient, *remembered)):
                factors = every if slots is EVERY else _along(columns, slots, block)
                if gradient_scale_K is not None:
                    direction.mul_(factors["scale"])
                if decay_K is not None:
                    direction.addcmul_(parameter, factors["decay"])
                self._rule.update(parameter, direction, own, factors)

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
