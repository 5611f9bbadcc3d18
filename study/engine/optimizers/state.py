"""What an optimizer remembers of each parameter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.cohort.packed import packed
from study.engine.optimizers.optimizer import Rule, State


class Memory:
    """Tensors (P, K, ...) beside the blocks.

    Args:
        rules: One a block, or one for all of them, however many.
        device: Where the gradients are.
    """

    def __init__(self, rules: Sequence[Rule], *, device: torch.device) -> None:
        self._rules = tuple(rules)
        self._device = device
        self._tensors: State = {name: [] for rule in rules for name in rule.memory}
        self._begun = False

    def beside(
        self, blocks: Sequence[Tensor], gradients: Sequence[Tensor]
    ) -> list[tuple[Tensor, ...]]:
        """Returns what is remembered of each block; at first what its rule begins with."""
        rules = self.rules(len(blocks))
        if not self._begun:
            for rule, block, gradient in zip(rules, blocks, gradients, strict=True):
                for name, tensor in zip(rule.memory, rule.begin(block, gradient), strict=True):
                    self._tensors[name].append(tensor)
            self._begun = True
        unused = {name: iter(range(len(kept))) for name, kept in self._tensors.items()}
        return [
            tuple(self._laid_out(name, next(unused[name]), gradient) for name in rule.memory)
            for rule, gradient in zip(rules, gradients, strict=True)
        ]

    def rules(self, blocks: int) -> Sequence[Rule]:
        """Returns the rule of each of so many blocks."""
        return self._rules * blocks if len(self._rules) == 1 else self._rules

    def packed(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """Returns the same by name, that of all blocks in one flat piece of memory."""
        self.beside(blocks, blocks)
        return [packed(tensors) for tensors in self._tensors.values()]

    def keep(self, slots: Tensor) -> None:
        """Goes on with these trials of the cohort only."""
        for name, tensors in self._tensors.items():
            self._tensors[name] = [tensor.index_select(1, slots) for tensor in tensors]

    def state(self) -> State:
        """Returns the tensors by name, one (P, K, ...) for each block that has it."""
        return {name: list(tensors) for name, tensors in self._tensors.items()}

    def load(self, state: State, trials: int) -> None:
        """Remembers copies of a state's tensors; what else the state has is left alone.

        Raises:
            ValueError: If something is missing, or belongs to another number of trials.
        """
        missing = [name for name in self._tensors if name not in state]
        if missing:
            raise ValueError(
                f"the state of this optimizer has {', '.join(self._tensors)}, but got one with "
                f"{', '.join(state) or 'nothing'}"
            )
        for name in self._tensors:
            for tensor in state[name]:
                if tensor.shape[1] != trials:
                    raise ValueError(
                        f"the state must be of {trials} trials, but its {name} is of "
                        f"{tensor.shape[1]}"
                    )
            self._tensors[name] = [tensor.to(self._device).clone() for tensor in state[name]]
        self._begun = any(self._tensors.values())

    def _laid_out(self, name: str, position: int, gradient: Tensor) -> Tensor:
        """Returns a tensor of a gradient's shape laid out as the gradient is, kept so."""
        tensor = self._tensors[name][position]
        if tensor.shape == gradient.shape and tensor.stride() != gradient.stride():
            tensor = torch.empty_like(gradient).copy_(tensor)
            self._tensors[name][position] = tensor
        return tensor
