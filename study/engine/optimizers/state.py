"""What an optimizer remembers of each parameter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from study.engine.optimizers.optimizer import State


class Memory:
    """Tensors that lie as the gradients lie, some for each block.

    Args:
        names: Of what is remembered for each parameter ("mean", "square").
        device: Where the gradients are.
    """

    def __init__(self, names: Sequence[str], *, device: torch.device) -> None:
        self._device = device
        self._tensors: State = {name: [] for name in names}

    def beside(self, gradients: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
        """Returns what is remembered of each block, laid out as its gradient; zero at first.

        An operation on tensors of two layouts costs several times as much on a CPU.
        """
        for name, tensors in self._tensors.items():
            if not tensors:
                self._tensors[name] = [torch.zeros_like(gradient) for gradient in gradients]
                continue
            for position, (tensor, gradient) in enumerate(zip(tensors, gradients, strict=True)):
                if tensor.stride() != gradient.stride():
                    tensors[position] = torch.empty_like(gradient).copy_(tensor)
        if not self._tensors:
            return [() for _ in gradients]
        return list(zip(*self._tensors.values(), strict=True))

    def keep(self, slots: Tensor) -> None:
        """Goes on with these trials of the cohort only."""
        for name, tensors in self._tensors.items():
            self._tensors[name] = [tensor.index_select(1, slots) for tensor in tensors]

    def state(self) -> State:
        """Returns the tensors by name, one (P, K, ...) for each block."""
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
