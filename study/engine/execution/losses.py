"""The losses of a cohort as a function of its parameters, for any number of derivatives."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from study.engine.execution.execution import by_example
from study.engine.quantities.loss_function import LossFunction
from study.engine.tasks.task import Task


def beside(frozen: Mapping[str, Tensor], loss: CohortLoss) -> LossFunction:
    """Makes the same loss a function of the other parameters alone.

    Args:
        frozen: Parameters that stay, by name, (K, ...) each.
        loss: Of all parameters.
    """

    def of_trained(
        parameters: Mapping[str, Tensor], inputs_KxB: Tensor, targets_KxB: Tensor
    ) -> Tensor:
        return loss({**frozen, **parameters}, inputs_KxB, targets_KxB)

    return of_trained


class CohortLoss:
    """Mean loss of each trial on its own examples.

    Args:
        module: The network, whose own parameters are not used.
        task: Gives the loss.
        vectorized: Whether trials run under vmap; else one after another.
    """

    def __init__(self, module: nn.Module, task: Task, *, vectorized: bool = True) -> None:
        self._module = module
        self._task = task
        self._vectorized = vectorized

    def __call__(
        self, parameters: Mapping[str, Tensor], inputs_KxB: Tensor, targets_KxB: Tensor
    ) -> Tensor:
        """Losses by trial, (K,), differentiable in the parameters.

        Args:
            parameters: By name, (K, ...) each.
            inputs_KxB: (K, B, ...).
            targets_KxB: (K, B, ...).
        """
        outputs_KxB = self.outputs(parameters, inputs_KxB)
        return by_example(self._task.loss, outputs_KxB, targets_KxB).mean(dim=1)

    def outputs(self, parameters: Mapping[str, Tensor], inputs_KxB: Tensor) -> Tensor:
        """Outputs by trial and example, (K, B, ...)."""
        if self._vectorized:
            stacked: Tensor = vmap(self._call)(dict(parameters), inputs_KxB)
            return stacked
        return torch.stack(
            [
                self._call({name: value[slot] for name, value in parameters.items()}, inputs_B)
                for slot, inputs_B in enumerate(inputs_KxB)
            ]
        )

    def _call(self, parameters: dict[str, Tensor], inputs_B: Tensor) -> Tensor:
        output: Tensor = functional_call(self._module, parameters, (inputs_B,))
        return output
